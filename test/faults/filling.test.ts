// Who fills an imported resource's object, and over what: several requests at once, and two accounts whose archives have the same identifier.

import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { makeAccount } from '../support/accounts.ts'
import { FILLING_APP } from '../support/apps.ts'
import { ARCHIVE_TIME, archivedRow } from '../support/archives.ts'
import { content, json, makeResource, problem } from '../support/http.ts'
import { sendCall } from '../support/hop.ts'
import { awaitedId, sendContent, type Upload } from '../support/imports-by-hand.ts'
import { Imports } from '../support/imports.ts'
import { inspect, type Inspected } from '../moving/movers.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SETTLED } from './casks.ts'

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

test('[AR13] what another archive has as purged takes an unfilled import over, and touches nothing that is not its', async () => {
  const id = await awaited(owner)
  await awaited(other, id)
  await filled(id, other)
  expect((await ask(id, other, 'entries', { method: 'POST', body: 'mine' })).status).toBe(204)
  const tombstone = { ...archivedRow(id, owner), state: 'purged', delete_time: ARCHIVE_TIME, revision: 9 }
  const archive = 'b'.repeat(64)
  const response = await server.fetch('/v1/ledgers/import', json('POST', { archive, rows: [tombstone] }))
  expect(await response.json()).toEqual({ data: [{ id, outcome: 'complete' }] })
  // Purged, and then forgotten.
  await expect.poll(() => statusOf(id, owner), SETTLED).toBe(404)
  expect(await entriesOf(id, other)).toEqual([...ENTRIES, 'mine'])
})

test('[AR15] what was filled and purged is not free, though its catalog came back from before that and learned it from its object', async () => {
  const back = await startServer({ app: FILLING_APP })
  const imports = new Imports(back)
  const id = await imports.issued('ledger')
  expect((await imports.importRows('ledgers', [imports.rowOf(id)])).status).toBe(200)
  expect((await imports.load('ledgers', id, body)).status).toBe(200)
  const [control, copy] = [join(back.dataDir, 'control'), `${back.dataDir}.copy`]
  await back.stop()
  cpSync(control, copy, { recursive: true })
  await back.start()
  const row = async (): Promise<Inspected['row']> => (await inspect(back, 'ledgers', id)).row
  expect((await back.fetch(`/v1/ledgers/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
  await expect.poll(async () => (await row())['phase'], SETTLED).toBe('purged')
  const { clock_due: dueBefore } = await row()
  await back.stop()
  rmSync(control, { recursive: true })
  cpSync(copy, control, { recursive: true })
  rmSync(copy, { recursive: true })
  await back.start()
  expect((await row())['phase']).toBe('live')
  await back.fetch(`/v1/ledgers/${id}`, json('PATCH', { mode: 'read_only' }))
  await expect.poll(async () => (await row())['phase'], SETTLED).toBe('purged')
  // Kept as long as any tombstone.
  expect(Number((await row())['clock_due'])).toBeGreaterThan(Number(dueBefore) / 2)
  const again = await imports.importRows('ledgers', [imports.rowOf(id)], { archive: 'b'.repeat(64) })
  expect(await again.json()).toMatchObject({ data: [{ id, outcome: 'conflict' }] })
})

/** Begins to send content. @param whole all of it, at once; else the caller sends what is in `body` */
function put(id: string, account = owner, whole?: Buffer): Upload {
  return sendContent(server, id, whole ?? body, { account, isInParts: whole === undefined })
}

const awaited = (account: string, given?: string): Promise<string> => awaitedId(server, account, given)

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
