import { beforeAll, describe, expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { content, create, json, mintToken, problem } from '../support/http.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
})

describe('the answer', () => {
  test('[CP2] is 201, the resource and where it is', async () => {
    const response = await server.fetch(
      '/v1/ledgers',
      json('POST', { name: 'First', labels: { a: 'b' }, metadata: { 'any key': 'any value' } }),
    )
    const resource = (await response.json()) as ResourceJson
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe(`/v1/ledgers/${resource.id}`)
    expect(response.headers.get('etag')).toMatch(/^"\d+"$/)
    expect(resource).toEqual({
      id: expect.stringMatching(/^ledger-[0-9a-hjkmnp-tv-z]{16}-local-[0-9a-hjkmnp-tv-z]{8}$/),
      type: 'ledger',
      account: server.secrets.defaultAccount,
      name: 'First',
      cell: 'local',
      state: 'active',
      visibility: 'private',
      allowed_origins: [],
      url: `${server.url}/ledgers/${resource.id}/`,
      labels: { a: 'b' },
      metadata: { 'any key': 'any value' },
      create_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      update_time: resource.create_time,
      hosts: [],
      delete_protection: false,
      token_generation: 1,
      desired_version: 1,
      applied_version: 1,
      etag: response.headers.get('etag'),
    })
    expect(await (await server.fetch(`/v1/ledgers/${resource.id}`)).json()).toEqual(resource)
  })

  test('[CP2] sends a browser that asks for HTML to the resource', async () => {
    const form = new URLSearchParams({ name: 'From a form' })
    const response = await server.fetch('/v1/ledgers', { method: 'POST', body: form, headers: { accept: 'text/html' } })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toMatch(new RegExp(`^${server.url}/ledgers/ledger-`))
  })

  test('[CP2] is 202 with Location and Retry-After while the object does not answer, and it then comes by itself', async () => {
    const slow = await startServer({ app: LEDGER_APP, faults: true, timers: { createWaitMs: 100 } })
    const release = slow.faults?.hold('object.apply.begin')
    const response = await slow.fetch('/v1/ledgers', json('POST', { name: 'Late' }))
    const { id, state } = (await response.json()) as ResourceJson
    expect([response.status, state]).toEqual([202, 'creating'])
    expect(response.headers.get('location')).toBe(`/v1/ledgers/${id}`)
    expect(response.headers.get('retry-after')).toBe('1')
    release?.()
    await slow.faultHit('advance.apply.marked')
    expect(await (await slow.fetch(`/v1/ledgers/${id}`)).json()).toMatchObject({ state: 'active' })
  })

  test('[CE2] names the cell, and refuses one that there is not before anything is recorded', async () => {
    expect((await create(server, 'ledgers', { name: 'Here', cell: 'local' })).cell).toBe('local')
    const refused = await server.fetch('/v1/ledgers', json('POST', { name: 'There', cell: 'mars' }))
    expect([refused.status, (await problem(refused)).code]).toEqual([400, 'invalid_request'])
    expect((await create(server, 'ledgers', { name: 'There' })).name).toBe('There')
  })
})

describe('an idempotency key', () => {
  test('[CP3] sent twenty times at once makes one resource', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.fetch('/v1/ledgers', withKey('twenty', { name: 'Twenty' }))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as ResourceJson).id))
    expect(new Set(ids).size).toBe(1)
  })

  test('[CP3] answers the same for a body that means the same, and 422 for another one or another route', async () => {
    const first = await server.fetch('/v1/sheets', withKey('same', { name: 'Same', labels: { a: '1', b: '2' } }))
    const { id } = (await first.json()) as ResourceJson
    const body = '{ "labels": {"b":"2", "a":"1"},\n "name": "Same" }'
    const second = await server.fetch('/v1/sheets', { ...withKey('same', {}), body })
    expect([second.status, ((await second.json()) as ResourceJson).id]).toEqual([201, id])
    const other = await server.fetch('/v1/sheets', withKey('same', { name: 'Other' }))
    expect([other.status, (await problem(other)).code]).toEqual([422, 'idempotency_key_reused'])
    // Every type has its own shard: its keys are its own.
    expect((await server.fetch('/v1/ledgers', withKey('same', {}))).status).toBe(201)
  })

  test('[CP3] leaves no record when the creation is refused', async () => {
    await create(server, 'ledgers', { name: 'Taken' })
    expect((await server.fetch('/v1/ledgers', withKey('again', { name: 'taken' }))).status).toBe(409)
    expect((await server.fetch('/v1/ledgers', withKey('again', { name: 'Free' }))).status).toBe(201)
  })

  test('[CP3] answers the resource as it is now', async () => {
    const { id } = (await (await server.fetch('/v1/ledgers', withKey('now', { name: 'Then' }))).json()) as ResourceJson
    await server.fetch(`/v1/ledgers/${id}`, json('PATCH', { name: 'Renamed' }))
    const again = (await (await server.fetch('/v1/ledgers', withKey('now', { name: 'Then' }))).json()) as ResourceJson
    expect([again.id, again.name]).toEqual([id, 'Renamed'])
  })

  test.each(['', ' ', 'with space', 'é', 'x'.repeat(201)])(
    '[CP3] has 1 to 200 visible ASCII characters, not %j',
    async (key) => {
      const latin1 = Buffer.from(key, 'utf8').toString('latin1')
      const answer = await server.fetch('/v1/ledgers', withKey(latin1, {}))
      // White space around a header's value is none of it: what is left is empty.
      expect([answer.status, (await problem(answer)).code]).toEqual([400, 'invalid_request'])
    },
  )
})

describe('a name', () => {
  test.each([
    ['another case', 'Grüße', 'GRÜSSE'],
    ['another normal form', 'Caf\u00e9', 'Cafe\u0301'],
    ['a Greek final sigma', 'ΛΟΓΟΣ', 'λογος'],
    ['an emoji', '🦆', '🦆'],
  ])('[CP4] is taken in %s too', async (_what, first, second) => {
    const { id, name } = await create(server, 'ledgers', { name: first })
    expect(name).toBe(first.normalize('NFC'))
    const refused = await server.fetch('/v1/ledgers', json('POST', { name: second }))
    expect(refused.status).toBe(409)
    expect(await problem(refused)).toMatchObject({ code: 'already_exists', existing_id: id })
  })

  test('[CP4] given twice at once makes one resource and one 409', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => server.fetch('/v1/ledgers', json('POST', { name: 'Twins' }))),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 201)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(7)
  })

  test('[CP4] is unique per type, and optional', async () => {
    await create(server, 'ledgers', { name: 'Per type' })
    await create(server, 'sheets', { name: 'Per type' })
    expect((await create(server, 'ledgers')).name).toBeNull()
    expect((await create(server, 'ledgers')).name).toBeNull()
  })

  test('[HT2] has 1 to 100 code points', async () => {
    const ducks = '🦆'.repeat(100)
    expect((await create(server, 'ledgers', { name: ducks })).name).toBe(ducks)
    // 101 before composition, 100 after it.
    expect((await create(server, 'ledgers', { name: `${'x'.repeat(99)}e\u0301` })).name).toHaveLength(100)
    for (const name of ['', `${ducks}🦆`, ' edge', 'line\nfeed', '\ud800', 5, null]) {
      const refused = await server.fetch('/v1/ledgers', json('POST', { name }))
      expect([name, refused.status, (await problem(refused))['parameter']]).toEqual([name, 400, 'name'])
    }
  })

  test('[ID1] begins the label of a type that wants it, and is never needed for it', async () => {
    expect((await create(server, 'sheets', { name: 'Café & Bar' })).id).toMatch(/^sheet-cafe-bar-[0-9a-z]{12}-local-/)
    expect((await create(server, 'sheets', { name: '日本' })).id).toMatch(/^sheet-[0-9a-z]{16}-local-/)
  })
})

describe('the type', () => {
  test('[CP10] refuses in onCreate: name, count and key are free again', async () => {
    const init = json('POST', { name: 'Refused', params: { refuse: 'not today' } }, { 'idempotency-key': 'refused' })
    const refused = await server.fetch('/v1/ledgers', init)
    expect(refused.status).toBe(400)
    expect(await problem(refused)).toMatchObject({ code: 'invalid_request', detail: 'not today' })
    const created = await server.fetch(
      '/v1/ledgers',
      json('POST', { name: 'Refused' }, { 'idempotency-key': 'refused' }),
    )
    expect(created.status).toBe(201)
    const { data } = (await (await server.fetch('/v1/ledgers?limit=200')).json()) as { data: ResourceJson[] }
    expect(data.filter(({ name }) => name === 'Refused')).toHaveLength(1)
  })

  test('[CP1] gets the params in the transaction that creates the object', async () => {
    const { id } = await create(server, 'ledgers', { params: { entries: ['one', 'two'] } })
    const { token } = await mintToken(server, 'ledgers', id, { permission: 'read' })
    expect(await (await content(server, `/ledgers/${id}/entries`, token)).json()).toEqual(['one', 'two'])
  })

  test('[HT2] restricts metadata and params by its schemas', async () => {
    const bad = await server.fetch('/v1/sheets', json('POST', { metadata: { key: 'UPPER' } }))
    expect([bad.status, (await problem(bad))['parameter']]).toEqual([400, 'metadata.key'])
    const unknown = await server.fetch('/v1/ledgers', json('POST', { params: { other: 1 } }))
    expect([unknown.status, (await problem(unknown)).detail]).toEqual([400, expect.stringContaining('params')])
    const big = await server.fetch('/v1/ledgers', json('POST', { params: { entries: ['x'.repeat(64 * 1024)] } }))
    expect(big.status).toBe(400)
    expect((await server.fetch('/v1/sheets', json('POST', { params: {} }))).status).toBe(400)
  })

  test('[HT2] has a hook that changes a creation or refuses it', async () => {
    expect((await create(server, 'sheets')).labels).toEqual({ made: 'here' })
    expect((await server.fetch('/v1/sheets', json('POST', { name: 'forbidden' }))).status).toBe(403)
  })
})

function withKey(key: string, body: object): RequestInit {
  return json('POST', body, { 'idempotency-key': key })
}
