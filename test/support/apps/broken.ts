// Types with a mistake each that builders make, and a control plane behind a proxy that means well: what the conformance suite must find.
//
//     POST   one text each          GET   all of them, a line each

import { ResourceObject, createApp, defineResourceType, type App, type Migration } from 'biplane'

abstract class Jotter<M = unknown> extends ResourceObject<M> {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => sql.exec('CREATE TABLE line (id INTEGER PRIMARY KEY, text TEXT NOT NULL)'),
  ]

  protected override async onRequest(request: Request): Promise<Response> {
    if (request.method === 'POST') await this.add(request)
    return this.show()
  }

  protected async add(request: Request): Promise<void> {
    const text = await request.text()
    await this.write((sql) => sql.exec('INSERT INTO line (text) VALUES (?)', text))
  }

  protected show(): Response | Promise<Response> {
    return new Response(this.lines().join('\n'))
  }

  protected lines(): unknown[] {
    return this.sql
      .exec('SELECT text FROM line ORDER BY id')
      .toArray()
      .map(({ text }) => text)
  }
}

/** Declares its writes as reads, and writes without `write()`; opens its answers to every origin. */
class Careless extends Jotter {
  protected override async add(request: Request): Promise<void> {
    this.sql.exec('INSERT INTO line (text) VALUES (?)', await request.text())
  }

  protected override show(): Response {
    return new Response(this.lines().join('\n'), { headers: { 'access-control-allow-origin': '*' } })
  }
}

/** Remembers what it last showed in a variable that every resource of the process shares. */
class Leaky extends Jotter {
  static #shown: unknown[] | undefined

  protected override async add(request: Request): Promise<void> {
    await super.add(request)
    Leaky.#shown = undefined
  }

  protected override lines(): unknown[] {
    return (Leaky.#shown ??= super.lines())
  }
}

/** Reads, waits, and writes what it had read and a line more. */
class Racer extends Jotter {
  protected override async add(request: Request): Promise<void> {
    const lines = this.lines()
    const text = await request.text()
    await scheduler.wait(5)
    await this.write((sql) => {
      sql.exec('DELETE FROM line')
      for (const line of [...lines, text]) sql.exec('INSERT INTO line (text) VALUES (?)', line)
    })
  }
}

/** Keeps its content in memory alone. */
class Forgetful extends Jotter<string[]> {
  protected override async add(request: Request): Promise<void> {
    const text = await request.text()
    await this.write(() => (this.memory ??= []).push(text))
  }

  protected override lines(): unknown[] {
    return this.memory ?? []
  }
}

const limits = { bodyBytes: 64 * 1024 }
const routes = [{ method: 'POST', path: '/', permission: 'read' }] as const

const app: App = createApp({
  types: [
    defineResourceType({ name: 'careless', plural: 'careless', object: Careless, limits, routes }),
    defineResourceType({ name: 'leaky', plural: 'leaky', object: Leaky, limits }),
    defineResourceType({ name: 'racer', object: Racer, limits }),
    defineResourceType({ name: 'forgetful', plural: 'forgetful', object: Forgetful, limits }),
  ],
})

/** Below this path the same application is behind the proxy. */
const PREFIX = '/proxied'

async function proxy(request: Request, env: unknown, ctx: ExecutionContext): Promise<Response> {
  const url = new URL(request.url)
  url.pathname = url.pathname.slice(PREFIX.length)
  const passed = new Request(url, request)
  passed.headers.delete('if-match')
  passed.headers.delete('idempotency-key')
  const answer = new Response(...(await toParts(await app.fetch(passed, env, ctx))))
  answer.headers.delete('location')
  answer.headers.set('access-control-allow-origin', '*')
  if (answer.headers.get('content-type') === 'application/problem+json')
    answer.headers.set('content-type', 'application/json')
  return answer
}

async function toParts(answer: Response): Promise<[BodyInit | null, ResponseInit]> {
  const { status, headers } = answer
  return [answer.body === null ? null : await answer.arrayBuffer(), { status, headers }]
}

export default {
  ...app,
  fetch(request: Request, env: unknown, ctx: ExecutionContext): Promise<Response> {
    const isProxied = new URL(request.url).pathname.startsWith(`${PREFIX}/`)
    return isProxied ? proxy(request, env, ctx) : app.fetch(request, env, ctx)
  },
}
