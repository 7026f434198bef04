import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { content, create, json, mintToken, problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Page {
  readonly data: readonly ResourceJson[]
  readonly next_cursor?: string
}

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
})

describe('listing', () => {
  test('[CP6] returns 500 resources exactly once, in order, while others come and go', async () => {
    const ids: string[] = []
    await inParallel(500, async () => ids.push((await create(server, 'sheets')).id))
    const walk = { isOver: false }
    const churn = inParallel(4, async () => {
      while (!walk.isOver) {
        const { id } = await create(server, 'sheets')
        await server.fetch(`/v1/sheets/${id}`, { method: 'DELETE' })
      }
    })
    const seen: ResourceJson[] = []
    for (let cursor = ''; ;) {
      const page = await list(`/v1/sheets?limit=37${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...page.data)
      if (page.next_cursor === undefined) break
      cursor = page.next_cursor
    }
    walk.isOver = true
    await churn
    const times = seen.map(({ create_time }) => create_time)
    expect(times).toEqual(times.toSorted())
    const known = new Set(ids)
    expect(seen.map(({ id }) => id).filter((id) => known.has(id))).toHaveLength(500)
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length)
  })

  test.skipIf(process.platform !== 'linux')('[CP6] touches no data object', async () => {
    const own = await startServer({ app: LEDGER_APP })
    const { id } = await create(own, 'ledgers')
    const { token } = await mintToken(own, 'ledgers', id)
    await own.restart()
    // The engine holds the files of an object open as long as it is awake.
    const awake = (): number => {
      const folder = `/proc/${own.data.pid}/fd`
      return readdirSync(folder).filter((fd) => /[0-9a-f]{64}\.sqlite/.test(linkOf(join(folder, fd)))).length
    }
    const before = awake()
    expect(((await (await own.fetch('/v1/ledgers')).json()) as Page).data).toHaveLength(1)
    await own.fetch(`/v1/ledgers/${id}`)
    expect([before, awake()]).toEqual([0, 0])
    await content(own, `/ledgers/${id}/entries`, token)
    expect(awake()).toBeGreaterThan(0)
  })

  test('[CP6] clamps the limit, and ends by the absence of a cursor', async () => {
    expect((await list('/v1/sheets?limit=0')).data).toHaveLength(1)
    expect((await list('/v1/sheets?limit=100000')).data).toHaveLength(200)
    expect((await list('/v1/sheets')).data).toHaveLength(50)
    const empty = await startServer({ app: LEDGER_APP })
    expect(await (await empty.fetch('/v1/ledgers')).json()).toEqual({ data: [] })
    await create(empty, 'ledgers')
    expect(Object.keys((await (await empty.fetch('/v1/ledgers?limit=1')).json()) as Page)).toEqual(['data'])
  })

  test.each(['limit=ten', 'limit=-1', 'limit=1.5', 'cursor=nonsense', 'cursor=W10', 'cursor=eyIiOiJ4In0'])(
    '[HT2] refuses ?%s',
    async (query) => {
      const refused = await server.fetch(`/v1/ledgers?${query}`)
      expect([refused.status, (await problem(refused)).code]).toEqual([400, 'invalid_request'])
    },
  )
})

describe('changing', () => {
  test('[CP7] honours If-Match', async () => {
    const created = await server.fetch('/v1/ledgers', json('POST', { name: 'Matched' }))
    const { id } = (await created.json()) as ResourceJson
    const etag = created.headers.get('etag') ?? ''
    const changed = await patch(id, { labels: { a: '1' } }, etag)
    expect(changed.status).toBe(200)
    const next = changed.headers.get('etag') ?? ''
    expect(next).not.toBe(etag)
    const refused = await patch(id, { labels: { a: '2' } }, etag)
    expect([refused.status, (await problem(refused)).code]).toEqual([412, 'precondition_failed'])
    expect((await patch(id, { labels: { a: '3' } }, `"x", ${next}`)).status).toBe(200)
    expect((await patch(id, { labels: { a: '4' } }, '*')).status).toBe(200)
    const deletion = { method: 'DELETE', headers: { 'if-match': etag } }
    expect((await server.fetch(`/v1/ledgers/${id}`, deletion)).status).toBe(412)
    expect(await (await server.fetch(`/v1/ledgers/${id}`)).json()).toMatchObject({
      labels: { a: '4' },
      state: 'active',
    })
  })

  test('[CP7] renames without touching the object, and frees the old name', async () => {
    const { id } = await create(server, 'ledgers', { name: 'Before' })
    const version = (await inspect(id)).row['desired_version']
    expect(await (await patch(id, { name: 'After' })).json()).toMatchObject({ id, name: 'After' })
    expect((await inspect(id)).row['desired_version']).toBe(version)
    const other = await create(server, 'ledgers', { name: 'before' })
    const refused = await patch(other.id, { name: 'AFTER' })
    expect([refused.status, (await problem(refused))['existing_id']]).toEqual([409, id])
    expect(await (await patch(id, { name: 'AFTER' })).json()).toMatchObject({ name: 'AFTER' })
    expect(await (await patch(id, { name: null })).json()).toMatchObject({ name: null })
    expect((await patch(other.id, { name: 'AFTER' })).status).toBe(200)
  })

  test('[CP7] reaches the object before it answers 200: suspended, read-only, active again', async () => {
    const { id } = await create(server, 'ledgers', { params: { entries: ['kept'] } })
    const { token } = await mintToken(server, 'ledgers', id)
    const path = `/ledgers/${id}/entries`
    const modes = [
      ['suspended', 403, 403],
      ['read_only', 200, 403],
      ['active', 200, 204],
    ] as const
    for (const [mode, read, write] of modes) {
      expect(await (await patch(id, { mode })).json()).toMatchObject({ state: mode })
      expect([mode, (await content(server, path, token)).status]).toEqual([mode, read])
      expect([mode, (await content(server, path, token, { method: 'POST', body: 'x' })).status]).toEqual([mode, write])
    }
  })

  test('[CP7] waits for a resource that is being created, and so does a token', async () => {
    const slow = await startServer({ app: LEDGER_APP, faults: true, timers: { createWaitMs: 100 } })
    const release = slow.faults?.hold('advance.apply.begin')
    const { id } = (await (await slow.fetch('/v1/ledgers', json('POST', {}))).json()) as ResourceJson
    for (const [method, path] of [
      ['PATCH', ''],
      ['POST', '/tokens'],
    ] as const) {
      const body = method === 'PATCH' ? { name: 'Too early' } : {}
      const refused = await slow.fetch(`/v1/ledgers/${id}${path}`, json(method, body))
      expect([refused.status, (await problem(refused)).code]).toEqual([409, 'not_ready'])
      expect(refused.headers.get('retry-after')).toBe('1')
    }
    // A deletion waits for nothing: it is what the creation will come to.
    expect((await slow.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })).status).toBe(202)
    release?.()
    await slow.faultHit('advance.purge.marked')
    expect(await (await slow.fetch(`/v1/ledgers/${id}`)).json()).toMatchObject({ state: 'deleted' })
  })
})

describe('deleting', () => {
  test('[CP8] frees the name, answers the same when repeated, and is final', async () => {
    const { id, name } = await create(server, 'ledgers', { name: 'Ends' })
    const { token } = await mintToken(server, 'ledgers', id)
    const first = await server.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })
    const gone = (await first.json()) as ResourceJson
    expect([first.status, gone.state, gone.name]).toEqual([200, 'deleted', name])
    expect(gone.delete_time).toMatch(/Z$/)
    const second = await server.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })
    expect([second.status, ((await second.json()) as ResourceJson).state]).toEqual([200, 'deleted'])
    expect(await (await server.fetch(`/v1/ledgers/${id}`)).json()).toMatchObject({ id, state: 'deleted' })
    expect((await list('/v1/ledgers?limit=200')).data.map((resource) => resource.id)).not.toContain(id)
    expect((await create(server, 'ledgers', { name: 'ends' })).id).not.toBe(id)

    for (const answer of [
      content(server, `/ledgers/${id}/entries`, token),
      content(server, `/ledgers/${id}/entries`, token, { method: 'POST', body: 'late' }),
      patch(id, { name: 'Risen' }),
      server.fetch(`/v1/ledgers/${id}/tokens`, json('POST', {})),
      server.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' }),
    ]) {
      const refused = await answer
      expect([refused.status, (await problem(refused)).code]).toEqual([410, 'deleted'])
    }
  })

  test('[CP8] answers 202 while the object does not know yet', async () => {
    const slow = await startServer({ app: LEDGER_APP, faults: true, timers: { createWaitMs: 100 } })
    const created = await slow.fetch('/v1/ledgers', json('POST', { name: 'Slow' }))
    const { id } = (await created.json()) as ResourceJson
    await slow.faultHit('advance.apply.marked')
    const release = slow.faults?.hold('advance.apply.begin')
    const response = await slow.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })
    expect([response.status, ((await response.json()) as ResourceJson).state]).toEqual([202, 'deleting'])
    expect(response.headers.get('retry-after')).toBe('1')
    expect((await slow.fetch('/v1/ledgers', json('POST', { name: 'Slow' }))).status).toBeLessThan(300)
    release?.()
    await slow.faultHit('advance.purge.marked')
    expect((await slow.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })).status).toBe(200)
  })

  test('[CP9] a resource that never existed is 404 on every route', async () => {
    const keyring = createKeyring(server.secrets.identifierKeys)
    const { id } = await mintResourceId(keyring, 'ledger', 'local')
    const routes = [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/tokens'],
      ['DELETE', '/tokens'],
      ['POST', '/links'],
      ['POST', '/restore'],
      ['GET', '/inspect'],
    ] as const
    for (const [method, path] of routes) {
      const init = method === 'PATCH' ? json(method, { name: 'x' }) : { method }
      const refused = await server.fetch(`/v1/ledgers/${id}${path}`, init)
      expect([method, path, refused.status, (await problem(refused)).code]).toEqual([method, path, 404, 'not_found'])
    }
  })
})

describe('tokens and inspection', () => {
  test('[CP11] revoking answers 200 once the object refuses every earlier token', async () => {
    const { id } = await create(server, 'ledgers')
    const { token } = await mintToken(server, 'ledgers', id)
    const path = `/ledgers/${id}/entries`
    expect((await content(server, path, token)).status).toBe(200)
    expect((await server.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' })).status).toBe(200)
    const refused = await content(server, path, token)
    expect([refused.status, (await problem(refused)).code]).toEqual([401, 'unauthenticated'])
    expect((await content(server, path, (await mintToken(server, 'ledgers', id)).token)).status).toBe(200)
  })

  test('[CP12] inspect shows the row, its work and what the object holds', async () => {
    const { id } = await create(server, 'ledgers', { name: 'Looked at' })
    const { row, object, resource, work } = await inspect(id)
    expect(row).toMatchObject({ id, phase: 'live', desired_version: 1, applied_version: 1, params: null })
    expect(object).toMatchObject({ kind: 'descriptor', descriptor: { id, version: 1, mode: 'active' } })
    expect([resource.name, work]).toEqual(['Looked at', []])
    await server.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })
    expect((await inspect(id)).object).toMatchObject({
      kind: 'tombstone',
      tombstone: { id, incarnation: row['incarnation'] },
    })
  })
})

async function list(path: string): Promise<Page> {
  const response = await server.fetch(path)
  expect(response.status).toBe(200)
  return (await response.json()) as Page
}

function patch(id: string, body: object, ifMatch?: string): Promise<Response> {
  return server.fetch(`/v1/ledgers/${id}`, json('PATCH', body, ifMatch === undefined ? {} : { 'if-match': ifMatch }))
}

interface Inspected {
  readonly resource: ResourceJson
  readonly row: Record<string, unknown>
  readonly work: unknown[]
  readonly object: object
}

async function inspect(id: string): Promise<Inspected> {
  return (await (await server.fetch(`/v1/ledgers/${id}/inspect`)).json()) as Inspected
}

/** Empty for a descriptor that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Runs something `times` times, at most 16 of them at once. */
async function inParallel(times: number, run: () => Promise<unknown>): Promise<void> {
  let left = times
  await Promise.all(
    Array.from({ length: Math.min(16, times) }, async () => {
      while (left-- > 0) await run()
    }),
  )
}
