// Who fills an imported resource's object, and over what: several requests at once, two accounts whose archives have the same identifier, and a
// type that loses something.

import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { beforeAll, describe, expect, test } from 'vitest'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import { makeAccount } from '../support/accounts.ts'
import { FILLING_APP } from '../support/apps.ts'
import { archivedRow } from '../support/archives.ts'
import { content, json, makeResource, problem } from '../support/http.ts'
import { sendCall } from '../support/hop.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SETTLED } from './casks.ts'

const ARCHIVE = 'a'.repeat(64)
const ENTRIES = ['one', 'two', 'three']
/** Several pages of what is written while it comes. */
const BLOB_BYTES = 1_500_000
const BEGUN = 'object.restore.begun'

let server: TestServer
/** What a ledger with a large blob is as an archive's content. */
let body: Buffer
let owner: string
let other: string

beforeAll(async () => {
  server = await startServer({ app: FILLING_APP, faults: true, timers: { tombstoneRetentionMs: 300 } })
  owner = server.secrets.defaultAccount
  other = (await makeAccount(server)).id
  // The owner's shard has counted further than the other's.
  for (const _ of [1, 2, 3]) await makeResource(server)
  const { id, ask: askFirst } = await makeResource(server)
  for (const entry of ENTRIES) await askFirst('entries', { method: 'POST', body: entry })
  await askFirst(`blob?bytes=${BLOB_BYTES}`, { method: 'PUT' })
  body = Buffer.from(await (await server.fetch(`/v1/ledgers/${id}/archive`)).arrayBuffer())
})

describe('several requests that fill one object', () => {
  test.each(Array.from({ length: 6 }, (_, round) => round))(
    '[MV12] one of them at a time: what is answered with 200 is there whole, and stays (%s)',
    async () => {
      const id = await awaited(owner)
      const begun = hits()
      const release = server.faults?.hold(BEGUN)
      const first = put(id)
      first.send(body)
      await server.faultHit(BEGUN, begun + 1)
      const versions = [await versionOf(id)]
      const later = []
      for (const _ of ['stalls', 'whole']) {
        later.push(put(id))
        await expect.poll(() => versionOf(id), SETTLED).toBeGreaterThan(versions.at(-1) ?? 0)
        versions.push(await versionOf(id))
      }
      // Behind what came before it on the same way.
      await content(server, `/ledgers/${id}/entries`)
      const [stalls, whole] = later as [Upload, Upload]
      release?.()
      whole.send(body.subarray(0, -20))
      await expect.poll(() => bytesOf(id), SETTLED).toBeGreaterThan(BLOB_BYTES / 2)
      // With whatever makes the tables anew, but for the end.
      stalls.send(body.subarray(0, 400))
      whole.send(body.subarray(-20))
      const done = await whole.answer
      expect([done.status, done.body]).toEqual([200, expect.any(String)])
      const before = await entriesOf(id, owner)
      expect(before).toEqual(ENTRIES)
      stalls.send(body.subarray(400))
      for (const upload of [first, stalls]) expect((await upload.answer).status).toBeGreaterThanOrEqual(409)
      expect(await entriesOf(id, owner)).toEqual(ENTRIES)
      expect((await recordOf(`/v1/ledgers/${id}`)).state).toBe('active')
    },
  )

  test('[MV12] one that is repeated, or comes late, does not end the one that is newer', async () => {
    const id = await awaited(owner)
    const opened = await recordOf(`/v1/ledgers/${id}`)
    expect(opened.state).toBe('creating')
    const upload = put(id)
    upload.send(body)
    expect((await upload.answer).status).toBe(200)
    const again = put(id)
    again.send(body)
    expect((await again.answer).status).toBe(200)
    expect(await entriesOf(id, owner)).toEqual(ENTRIES)
  })
})

describe('two accounts whose archives have one identifier', () => {
  test.each([
    ['which has counted further', () => [owner, other]],
    ['which has counted less', () => [other, owner]],
  ])('[AR13] the second one is told, and its end touches nothing: that of the shard %s', async (_, order) => {
    const [late, served] = order() as [string, string]
    // Neither has anything in the object yet, and neither shard knows the other's row.
    const id = await awaited(late)
    await awaited(served, id)
    await filled(id, served)
    const mine = { method: 'POST', body: 'mine' }
    expect((await ask(id, served, 'entries', mine)).status).toBe(204)
    const refused = await put(id, late, body).answer
    expect([refused.status, refused.body]).toEqual([409, expect.stringContaining('already_exists')])
    expect(refused.body).toContain('Another account of this deployment has it.')
    expect(await entriesOf(id, served)).toEqual([...ENTRIES, 'mine'])
    const removed = await server.fetch(`/v1/ledgers/${id}?account=${late}&purge=true`, { method: 'DELETE' })
    expect([removed.status, ((await removed.json()) as { state: string }).state]).toEqual([200, 'deleted'])
    await expect.poll(() => statusOf(id, late), SETTLED).toBe(404)
    expect(await entriesOf(id, served)).toEqual([...ENTRIES, 'mine'])
    expect((await ask(id, served, 'entries', mine)).status).toBe(204)
  })

  test('[AR13] a half of the one is not replaced by the other, and can be completed', async () => {
    const id = await awaited(owner)
    await awaited(other, id)
    const half = await put(id, owner, body.subarray(0, -30)).answer
    expect(half.status).toBe(400)
    expect((await put(id, other, body).answer).status).toBe(409)
    await filled(id, owner)
    expect(await entriesOf(id, owner)).toEqual(ENTRIES)
  })
})

test('[AR13] what a type loses while it loads is noticed: it is not served', async () => {
  const { id: model, ask: askModel } = await makeResource(server, 'sieves')
  for (const entry of ENTRIES) await askModel('entries', { method: 'POST', body: entry })
  const sieved = Buffer.from(await (await server.fetch(`/v1/sieves/${model}/archive`)).arrayBuffer())
  const id = await awaited(owner, await issued('sieve'), 'sieves')
  const { status, body: said } = await put(id, owner, sieved, 'sieves').answer
  expect([status, said]).toEqual([400, expect.stringContaining('is not what came')])
  expect((await recordOf(`/v1/sieves/${id}`)).state).toBe('creating')
  expect((await server.fetch(`/v1/sieves/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
})

describe('what comes is held to what is stored of it', () => {
  /** Of a sieve, which loses a mark of it. */
  let sieved: string
  beforeAll(async () => {
    const { id, ask: askModel } = await makeResource(server, 'sieves')
    await askModel('entries', { method: 'POST', body: 'one' })
    sieved = await (await server.fetch(`/v1/sieves/${id}/archive`)).text()
  })

  test.each([
    ['of this release', {}, [400, 'is not what came']],
    ['of an older form of the copy', { form: 0 }, [200, '']],
    ["of an older form of the type's", { type_form: 0 }, [200, '']],
    ['of an older schema', { schema_version: 2 }, [200, '']],
    ['without a form, as before there was one', { form: undefined }, [200, '']],
    ['with no form that there could be', { form: '1' }, [200, '']],
    ['of a newer form of the copy', { form: 99, schema_version: 2 }, [400, 'by a newer release']],
    ["of a newer form of the type's", { form: 0, type_form: 2 }, [400, 'by a newer release']],
    ['of a newer schema', { form: 0, schema_version: 4 }, [400, 'by a newer release']],
  ])('[AR13] [MV11] where it is written alike: %s', async (_what, members, [code, why]) => {
    const [head = '', ...lines] = sieved.split('\n')
    expect(JSON.parse(head)).toEqual({ biplane: 1, form: 1, type_form: 1, schema_version: 3 })
    const changed = { ...(JSON.parse(head) as object), ...members }
    const id = await awaited(owner, await issued('sieve'), 'sieves')
    const whole = Buffer.from([JSON.stringify(changed), ...lines].join('\n'))
    const { status, body: said } = await put(id, owner, whole, 'sieves').answer
    expect([status, said]).toEqual([code, expect.stringContaining(String(why))])
    expect((await recordOf(`/v1/sieves/${id}`)).state).toBe(code === 200 ? 'active' : 'creating')
    expect((await server.fetch(`/v1/sieves/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
  })
})

test('[AR13] what an older schema has written is taken, though it reads otherwise now', async () => {
  const id = await awaited(owner)
  const head = body.subarray(0, body.indexOf('\n')).toString()
  expect(JSON.parse(head)).toMatchObject({ schema_version: 3 })
  const lines = [
    '{"biplane":1,"schema_version":2}',
    '{"content":true}',
    '{"schema_version":2}',
    '{"table":"entry","columns":["id","text"]}',
    '{"row":[1,"old"]}',
    '{"end":true}',
  ]
  expect((await put(id, owner, Buffer.from(`${lines.join('\n')}\n`)).answer).status).toBe(200)
  expect(await entriesOf(id, owner)).toEqual(['old'])
})

interface Upload {
  readonly send: (part: Buffer) => void
  readonly answer: Promise<{ readonly status: number; readonly body: string }>
}

/** Begins to send content. @param whole all of it, at once; else the caller sends what is in `body` */
function put(id: string, account = owner, whole?: Buffer, plural = 'ledgers'): Upload {
  const sent = whole ?? body
  const sha256 = createHash('sha256').update(sent).digest('hex')
  const query = new URLSearchParams({ archive: ARCHIVE, sha256, bytes: String(sent.length), account })
  const call = request(`${server.url}/v1/${plural}/${id}/archive?${query}`, {
    method: 'PUT',
    headers: {
      authorization: `Bearer ${server.operatorKey}`,
      'content-type': 'application/octet-stream',
      'content-length': sent.length,
    },
  })
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    call.on('response', (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: said }), reject)
    })
    // An answer that comes before all was sent may end the connection.
    call.on('error', () => resolve({ status: 599, body: '' }))
  })
  call.flushHeaders()
  if (whole !== undefined) call.end(whole)
  return { send: (part) => void call.write(part), answer }
}

async function issued(type: string): Promise<string> {
  return (await mintResourceId(createKeyring(server.secrets.identifierKeys), type, 'local')).id
}

/** A row that waits for its content. */
async function awaited(account: string, given?: string, plural = 'ledgers'): Promise<string> {
  const id = given ?? (await issued('ledger'))
  const rows = [archivedRow(id, account)]
  const response = await server.fetch(
    `/v1/${plural}/import?account=${account}`,
    json('POST', { archive: ARCHIVE, rows }),
  )
  expect(await response.json()).toEqual({ data: [{ id, outcome: 'awaiting' }] })
  return id
}

async function filled(id: string, account: string): Promise<void> {
  expect((await put(id, account, body).answer).status).toBe(200)
}

async function ask(id: string, account: string, path: string, init: RequestInit = {}): Promise<Response> {
  const minted = await server.fetch(
    `/v1/ledgers/${id}/tokens?account=${account}`,
    json('POST', { permission: 'write' }),
  )
  if (minted.status !== 201) throw new Error((await problem(minted)).detail)
  const { token } = (await minted.json()) as { token: string }
  return content(server, `/ledgers/${id}/${path}`, token, init)
}

async function entriesOf(id: string, account: string): Promise<unknown> {
  return (await ask(id, account, 'entries')).json()
}

async function statusOf(id: string, account: string): Promise<number> {
  return (await server.fetch(`/v1/ledgers/${id}?account=${account}`)).status
}

async function recordOf(path: string): Promise<{ readonly state: string }> {
  return (await (await server.fetch(path)).json()) as { state: string }
}

async function versionOf(id: string): Promise<number> {
  const { row } = (await (await server.fetch(`/v1/ledgers/${id}/inspect`)).json()) as {
    row: { desired_version: number }
  }
  return row.desired_version
}

/** Of its object's database. */
async function bytesOf(id: string): Promise<number> {
  const call = { v: 1, type: 'ledger', resource: id, method: 'describe', args: {}, requestId: 'test' }
  const { text: answer } = await sendCall(server, 'local', 'data', call)
  return (JSON.parse(answer) as { value: { bytes: number } }).value.bytes
}

function hits(): number {
  return server.faults?.hits(BEGUN) ?? 0
}
