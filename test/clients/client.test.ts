// biplane/client against a real server.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from 'biplane'
import { createClient, type Client, type ClientErrorCode, type OperationJson, type Resources } from 'biplane/client'
import type { WikiType } from 'biplane/types/wiki'
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import { connect, ensureTally, raise, rename } from '../../examples/client/tallies.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { FlakyProxy } from '../support/flaky-proxy.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'
import { refusal } from './refusals-of.ts'

let server: TestServer
let client: Client
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP, timers: { deleteRetentionMs: 3_600_000 } })
  client = createClient({ baseUrl: server.url, key: server.operatorKey })
})

const ledgers = () => client.resources('ledgers')

describe('the package', () => {
  test('[CL1] the client imports nothing but itself and the shapes of the wire: no package, nothing of Node', () => {
    const folder = join(ROOT, 'dist/client')
    const imports = readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) =>
        Array.from(readFileSync(join(folder, name), 'utf8').matchAll(/\bfrom '([^']+)'/g), ([, path = '']) => path),
      )
    expect(imports.length).toBeGreaterThan(5)
    expect(imports.filter((path) => !/^\.{1,2}\/[\w/-]+\.js$/.test(path))).toEqual([])
    expect(imports.filter((path) => path.startsWith('../') && !/^\.\.\/(wire|identity)\//.test(path))).toEqual([])
  })

  test('[CL1] it speaks through the fetch that it is given, and is no promise', async () => {
    const asked: string[] = []
    const own = createClient({
      baseUrl: `${server.url}/`,
      key: server.operatorKey,
      fetch: (url, init) => {
        asked.push(`${init?.method} ${(url as string).slice(server.url.length)}`)
        return fetch(url, init)
      },
    })
    expect(await Promise.resolve(own)).toBe(own)
    expect((await own.session()).role).toBe('operator')
    expect(asked).toEqual(['GET /v1/session'])
  })

  test('[CL7] [AD2] it says where a resource is that an account calls so, as the server does', () => {
    const own = createClient({ baseUrl: 'https://wikis.example/', key: '' }).resources('folios')
    expect(own.namedUrl('acme', 'a/b c')).toBe('https://wikis.example/folios/by-name/acme/a%2Fb%20c/')
  })

  test('[CL2] an app gives the client its collections, each with the types of its own params and settings', () => {
    type Wikis = Client<App<readonly [WikiType]>>
    expectTypeOf<Wikis['wikis']['create']>()
      .parameter(0)
      .exclude(undefined)
      .toHaveProperty('params')
      .exclude(undefined)
      .toEqualTypeOf<{ storage?: 'file' | 'tiddlers' | undefined }>()
    expectTypeOf<Awaited<ReturnType<Wikis['wikis']['get']>>['type']>().toEqualTypeOf<'wiki'>()
    expectTypeOf<keyof Omit<Wikis, keyof Client>>().toEqualTypeOf<'wikis'>()
    expectTypeOf<ClientErrorCode>()
      .extract<'quota_exceeded' | 'network'>()
      .toEqualTypeOf<'quota_exceeded' | 'network'>()
    expectTypeOf<OperationJson['state']>().toEqualTypeOf<'running' | 'succeeded' | 'failed' | 'cancelled'>()
    const wikis = createClient<App<readonly [WikiType]>>({ baseUrl: server.url })
    expect(typeof wikis.wikis.create).toBe('function')
  })
})

describe('the examples', () => {
  test('[CL2] [CL6] examples/client does what it says', async () => {
    const own = await startServer({ app: join(ROOT, 'examples/own-type/app.ts') })
    const tallies = connect(own.url, own.operatorKey)
    const id = await ensureTally(tallies, 'Visitors')
    expect(await ensureTally(tallies, 'Visitors')).toBe(id)
    expect(await raise(tallies, id)).toBe(1)
    await rename(tallies, id, 'Guests')
    expect((await tallies.tallies.list().all()).map(({ name }) => name)).toContain('Guests')
  })

  test('[CL2] docs/client.md shows what examples/client holds', () => {
    const example = squeeze(readFileSync(join(ROOT, 'examples/client/tallies.ts'), 'utf8'))
    const blocks = Array.from(
      readFileSync(join(ROOT, 'docs/client.md'), 'utf8').matchAll(/^```ts\n(.*?)^```/gms),
      ([, code = '']) => squeeze(code),
    )
    expect(blocks.length).toBeGreaterThan(2)
    expect(blocks.filter((block) => !example.includes(block))).toEqual([])
  })
})

describe('lists', () => {
  const COUNT = 210

  test('[CL3] more than a page of resources is iterated to its end, each once, item by item and page by page', async () => {
    const sheets = client.resources('sheets')
    const made: string[] = []
    const queue = Array.from({ length: COUNT }, (_, index) => `Sheet ${index}`)
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        for (let name = queue.pop(); name !== undefined; name = queue.pop())
          made.push((await sheets.create({ name })).id)
      }),
    )
    const seen: string[] = []
    for await (const { id } of sheets.list({ limit: 90 })) seen.push(id)
    expect(seen.toSorted()).toEqual(made.toSorted())
    const pages: number[] = []
    for await (const { data } of sheets.list({ limit: 200 }).pages()) pages.push(data.length)
    expect(pages).toEqual([200, COUNT - 200])
    const descending = await sheets.list({ limit: 200, order: 'descending' }).all()
    expect(descending.map(({ id }) => id)).toEqual(seen.toReversed())
  }, 60_000)

  test('[CL3] a list asks for nothing before it is iterated and no more than is looked at; a page leads on by its cursor', async () => {
    const proxy = await FlakyProxy.start(server.url, [])
    const list = createClient({ baseUrl: proxy.url, key: server.operatorKey }).resources('sheets').list({ limit: 2 })
    expect(proxy.seen).toEqual([])
    for await (const { id } of list) if (id !== '') break
    expect(proxy.seen).toHaveLength(1)
    const first = await list.page()
    const second = await list.page(first.next_cursor)
    const third = await client.resources('sheets').list({ limit: 2, cursor: second.next_cursor }).page()
    expect(new Set([first, second, third].flatMap(({ data }) => data.map(({ id }) => id))).size).toBe(6)
  })
})

describe('refusals', () => {
  test('[CL4] each is one error with the code, the status and the members of the problem document', async () => {
    const { id, etag } = await ledgers().create({ name: 'Taken' })
    const taken = await refusal(ledgers().create({ name: 'taken' }))
    expect(taken).toMatchObject({
      code: 'already_exists',
      status: 409,
      retryable: false,
      applied: 'no',
      details: { existing_id: id },
    })
    expect(taken.requestId).toMatch(/./)
    expect(taken.message).toBe(taken.detail)
    await ledgers().update(id, { labels: { a: 'b' } }, { ifMatch: etag })
    expect(await refusal(ledgers().update(id, { name: 'Late' }, { ifMatch: etag }))).toMatchObject({
      code: 'precondition_failed',
    })
    expect(await refusal(ledgers().get('ledger-0000000000000000-local-00000000'))).toMatchObject({
      code: 'not_found',
      status: 404,
    })
    expect(await refusal(ledgers().create({ params: { refuse: 'Not today.' } }))).toMatchObject({
      code: 'invalid_request',
      detail: 'Not today.',
    })
    expect(await refusal(ledgers().create({ cell: 'moon' }))).toMatchObject({ code: 'invalid_request' })
    expect(await refusal(createClient({ baseUrl: server.url, key: 'wrong' }).session())).toMatchObject({
      code: 'unauthenticated',
    })
  })
})

describe('waiting', () => {
  let resources: Resources
  beforeAll(async () => {
    // The server gives the object no time at all: every answer comes before it.
    const hasty = await startServer({ app: LEDGER_APP, timers: { createWaitMs: 0, deleteRetentionMs: 3_600_000 } })
    resources = createClient({ baseUrl: hasty.url, key: hasty.operatorKey }).resources('ledgers')
  })

  test('[CL6] with `wait`, what the server answered 202 resolves once the object has it', async () => {
    expect((await resources.create({ name: 'Not yet' })).state).toBe('creating')
    const made = await resources.create({ name: 'Here' }, { wait: true })
    expect(made.state).toBe('active')
    const suspended = await resources.update(made.id, { mode: 'suspended' }, { wait: true })
    expect([suspended.state, suspended.applied_version]).toEqual(['suspended', suspended.desired_version])
    expect((await resources.delete(made.id, { wait: true })).state).toBe('deleted')
    expect((await resources.restore(made.id, { wait: true })).state).toBe('suspended')
    expect((await resources.tokens(made.id).revokeAll({ wait: true })).state).toBe('suspended')
    expect((await resources.delete(made.id, { purge: true, wait: true })).state).toBe('deleted')
    // Refused by the type after the answer: there is nothing to wait for any more.
    const refused = await refusal(resources.create({ params: { refuse: 'Not today.' } }, { wait: true }))
    expect(refused.code).toBe('deleted')
  })

  test('[CL6] a wait is bounded: the change goes on by itself', async () => {
    const late = await refusal(resources.create({ name: 'Late' }, { wait: true, waitMs: 1 }))
    expect(late).toMatchObject({ code: 'deadline_exceeded', applied: 'unknown' })
    await expect.poll(async () => (await resources.list({ q: 'Late' }).all())[0]?.state).toBe('active')
  })
})

describe("a resource's life", () => {
  test('[CL7] every route of a resource has its method', async () => {
    const made = await ledgers().create({
      name: 'Life',
      labels: { kind: 'x' },
      metadata: { note: 'y' },
      params: { entries: ['one'] },
    })
    const { token, token_id } = await ledgers().tokens(made.id).mint({ permission: 'write', expires_in: 60 })
    const entries = await fetch(`${made.url}entries`, { headers: { authorization: `Bearer ${token}` } })
    expect(await entries.json()).toEqual(['one'])
    expect((await ledgers().links(made.id).create({ expires_in: 60 })).url).toContain(made.id)
    expect(token_id).toMatch(/^[\w-]+$/)
    expect((await ledgers().tokens(made.id).revokeAll()).id).toBe(made.id)
    expect((await fetch(`${made.url}entries`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401)
    expect((await ledgers().update(made.id, { name: null, labels: {} })).name).toBeNull()
    expect((await ledgers().inspect(made.id)).resource.id).toBe(made.id)
    expect((await ledgers().delete(made.id)).purge_time).toBeDefined()
    expect((await ledgers().list({ deleted: true }).all()).map(({ id }) => id)).toContain(made.id)
    expect((await ledgers().restore(made.id, { name: 'Life again' })).name).toBe('Life again')
    expect((await ledgers().delete(made.id, { purge: true })).state).toBe('deleted')
    expect(await refusal(ledgers().restore(made.id))).toMatchObject({ code: 'deleted', status: 410 })
  })
})

/** White space and its trailing commas are the formatter's. */
function squeeze(text: string): string {
  return text.replaceAll(/,?\s+/g, ' ').trim()
}
