import { beforeAll, describe, expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { CASK_APP, SETTLED, createByKey, inspect, list, read, save, unfinished } from '../faults/casks.ts'
import { askControl, callData } from '../faults/control-calls.ts'
import { create, json, mintToken, problem, type Problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

const DAY_MS = 24 * 3_600_000
const WEEK = { deleteRetentionMs: 7 * DAY_MS, tombstoneRetentionMs: 30 * DAY_MS }

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: CASK_APP, timers: WEEK })
})

describe('a deleted resource', () => {
  test('[CP13] [CP8] refuses everything, keeps its content, and says until when it can be restored', async () => {
    const { id, token } = await filled({ name: 'Kept' })
    const before = Date.now()
    const first = await remove(id)
    const gone = (await first.json()) as ResourceJson
    expect([first.status, gone.state, gone.name]).toEqual([200, 'deleted', 'Kept'])
    expect(Date.parse(gone.purge_time ?? '') - before).toBeGreaterThanOrEqual(WEEK.deleteRetentionMs)
    expect(Date.parse(gone.purge_time ?? '') - Date.parse(gone.delete_time ?? '')).toBe(WEEK.deleteRetentionMs)
    expect((await read(server, id, token)).status).toBe(410)
    expect((await callData(server, id, 'describe', {})).held).toMatchObject({
      kind: 'descriptor',
      descriptor: { mode: 'deleted' },
    })
    expect((await list(server)).map((one) => one.id)).not.toContain(id)
    // Nothing about it changes by deleting it again, and its name is somebody else's.
    const again = await remove(id)
    expect([again.status, again.headers.get('etag')]).toEqual([200, first.headers.get('etag')])
    expect(await again.json()).toEqual(gone)
    expect((await create(server, 'casks', { name: 'kept' })).id).not.toBe(id)
    for (const refused of [
      server.fetch(`/v1/casks/${id}`, json('PATCH', { name: 'Risen' })),
      server.fetch(`/v1/casks/${id}/tokens`, json('POST', {})),
      server.fetch(`/v1/casks/${id}/links`, json('POST', {})),
    ]) {
      expect(await problem(await refused)).toMatchObject({
        code: 'deleted',
        detail: expect.stringContaining('Restore'),
      })
    }
    await settled(id)
  })

  test('[CP13] is restored with its content, its tokens and its name, as often as anybody asks', async () => {
    const { id, token, saved } = await filled({ name: 'Back', labels: { a: 'b' } })
    const { row } = await inspect(server, id)
    const etag = (await remove(id)).headers.get('etag') ?? ''
    const restored = await restore(id)
    expect([restored.status, restored.headers.get('etag') === etag]).toEqual([200, false])
    const resource = (await restored.json()) as ResourceJson
    expect(resource).toMatchObject({ id, name: 'Back', state: 'active', labels: { a: 'b' } })
    expect(Object.keys(resource)).not.toContain('purge_time')
    expect(Object.keys(resource)).not.toContain('delete_time')
    expect(await (await read(server, id, token)).json()).toEqual({ ...saved, generation: 1 })
    expect((await inspect(server, id)).row.incarnation).toBe(row.incarnation)
    const again = await restore(id)
    expect([again.status, await again.json()]).toEqual([200, resource])
    expect((await server.fetch('/v1/casks', json('POST', { name: 'BACK' }))).status).toBe(409)
    // And once more from the beginning.
    await remove(id)
    expect((await restore(id)).status).toBe(200)
    expect((await save(server, id, token, 'again')).text).toBe('again')
    await settled(id)
  })

  test.each(['suspended', 'read_only'] as const)('[CP13] comes back %s if it was', async (mode) => {
    const { id, token } = await filled()
    expect((await server.fetch(`/v1/casks/${id}`, json('PATCH', { mode }))).status).toBe(200)
    await remove(id)
    expect(await (await restore(id)).json()).toMatchObject({ id, state: mode })
    expect((await read(server, id, token)).status).toBe(mode === 'suspended' ? 403 : 200)
  })

  test('[CP13] [CP4] whose name was given away is restored under another one', async () => {
    const { id } = await filled({ name: 'Wanted' })
    await remove(id)
    const other = await create(server, 'casks', { name: 'wanted' })
    const refused = await refusal(restore(id))
    expect([refused.status, refused.code, refused['existing_id']]).toEqual([409, 'already_exists', other.id])
    expect(refused.detail).toContain('another `name`')
    expect((await inspect(server, id)).resource).toMatchObject({ state: 'deleted', name: 'Wanted' })
    expect(await (await restore(id, { name: 'Wanted again' })).json()).toMatchObject({ name: 'Wanted again' })
    expect((await refusal(restore(other.id, { name: 7 }))).code).toBe('invalid_request')
  })

  test('[CP13] [CP7] is restored and purged as its reader knows it: If-Match', async () => {
    const { id } = await filled()
    const created = (await server.fetch(`/v1/casks/${id}`)).headers.get('etag') ?? ''
    await remove(id)
    const init = json('POST', {}, { 'if-match': created })
    expect((await refusal(server.fetch(`/v1/casks/${id}/restore`, init))).code).toBe('precondition_failed')
    const stale = { method: 'DELETE', headers: { 'if-match': created } }
    expect((await refusal(server.fetch(`/v1/casks/${id}?purge=true`, stale))).code).toBe('precondition_failed')
    const gone = (await server.fetch(`/v1/casks/${id}`)).headers.get('etag') ?? ''
    expect((await server.fetch(`/v1/casks/${id}/restore`, json('POST', {}, { 'if-match': gone }))).status).toBe(200)
  })

  test('[CP5] [CP13] [CP14] counts neither as a resource nor without limit', async () => {
    const limits = { resources: 3 }
    const own = await startServer({ app: CASK_APP, timers: WEEK })
    const made = async (): Promise<string> => {
      const outcome = await askControl(own, 'create', { cell: 'local' }, limits)
      if (!outcome.ok) throw new Error(outcome.error.message)
      return outcome.value.record.id
    }
    const first = [await made(), await made(), await made()]
    for (const id of first) expect((await askControl(own, 'remove', { id }, limits)).ok).toBe(true)
    const second = [await made(), await made(), await made()]
    const [oldest = '', , last = ''] = first
    const [fourth = ''] = second
    // As many deleted ones as live ones; what is purged at once needs no room.
    const refused = await askControl(own, 'remove', { id: fourth }, limits)
    expect(refused).toMatchObject({ ok: false, error: { code: 'quota_exceeded', details: { limit: 3, used: 3 } } })
    expect((refused as { error: { message: string } }).error.message).toContain('?purge=true')
    expect((await inspect(own, fourth)).resource.state).toBe('active')
    expect(await askControl(own, 'restore', { id: oldest }, limits)).toMatchObject({
      error: { code: 'quota_exceeded', details: { limit: 3, used: 3 } },
    })
    expect((await askControl(own, 'remove', { id: fourth, purge: true }, limits)).ok).toBe(true)
    expect((await askControl(own, 'restore', { id: oldest }, limits)).ok).toBe(true)
    // Each of them made room for one more, and for one more only.
    expect((await askControl(own, 'remove', { id: oldest }, limits)).ok).toBe(true)
    expect((await askControl(own, 'remove', { id: last, purge: true }, limits)).ok).toBe(true)
    expect((await askControl(own, 'remove', { id: second[1] ?? '' }, limits)).ok).toBe(true)
    expect((await askControl(own, 'remove', { id: second[2] ?? '' }, limits)).ok).toBe(false)
  })

  test('[CP13] [CP14] that is purged at once, or is still being created, cannot be restored', async () => {
    const { id, token } = await filled({ name: 'Over' })
    const purged = await remove(id, '?purge=true')
    const resource = (await purged.json()) as ResourceJson
    expect([purged.status, resource.state, resource.purge_time]).toEqual([200, 'deleted', undefined])
    expect((await refusal(restore(id))).status).toBe(410)
    await settled(id)
    expect((await inspect(server, id)).object.kind).toBe('tombstone')
    expect((await read(server, id, token)).status).toBe(410)
    expect((await refusal(remove(id, '?purge=perhaps'))).code).toBe('invalid_request')

    const poisoned = await createByKey(server, 'poisoned', { params: { poison: true } })
    const { id: unborn } = (await poisoned.json()) as ResourceJson
    expect((await remove(unborn)).status).toBeLessThan(300)
    expect((await refusal(restore(unborn))).status).toBe(410)
    await settled(unborn)
  })

  test('[CP14] ?purge=true ends the time of one that was deleted before', async () => {
    const { id } = await filled()
    await remove(id)
    const ended = await remove(id, '?purge=true')
    expect(ended.status).toBe(200)
    expect(Object.keys((await ended.json()) as ResourceJson)).not.toContain('purge_time')
    expect((await refusal(restore(id))).code).toBe('deleted')
    await settled(id)
    expect((await inspect(server, id)).object.kind).toBe('tombstone')
    expect((await remove(id, '?purge=true')).status).toBe(200)
  })

  test('[CP13] of which only a tombstone is left cannot be restored: the backups differ', async () => {
    const [one, other] = [await filled(), await filled()]
    const { row } = await inspect(server, one.id)
    await callData(server, one.id, 'purge', { id: one.id, incarnation: row.incarnation, version: 1 })
    expect(await (await remove(one.id)).json()).toMatchObject({ state: 'deleted' })
    expect((await refusal(restore(one.id))).code).toBe('deleted')

    await remove(other.id)
    const { incarnation } = (await inspect(server, other.id)).row
    await callData(server, other.id, 'purge', { id: other.id, incarnation, version: 2 })
    expect((await refusal(restore(other.id))).code).toBe('deleted')
    expect((await list(server)).map(({ id }) => id)).not.toContain(other.id)
    await expect.poll(async () => (await inspect(server, other.id)).row.phase, SETTLED).toBe('purged')
  })
})

describe('the time until the purge', () => {
  test('[CP13] [RC3] ends by itself: the content is gone, and restoring is refused', async () => {
    const own = await startServer({ app: CASK_APP, timers: { deleteRetentionMs: 400, tombstoneRetentionMs: DAY_MS } })
    const { id } = await create(own, 'casks', { name: 'Soon over' })
    expect((await own.fetch(`/v1/casks/${id}`, { method: 'DELETE' })).status).toBe(200)
    expect((await inspect(own, id)).row.phase).toBe('live')
    await expect.poll(async () => (await inspect(own, id)).row.phase, SETTLED).toBe('purged')
    expect((await inspect(own, id)).object.kind).toBe('tombstone')
    expect((await own.fetch(`/v1/casks/${id}/restore`, json('POST', {}))).status).toBe(410)
    // Room for the next one, too.
    const { id: next } = await create(own, 'casks', { name: 'Soon over' })
    expect((await askControl(own, 'remove', { id: next }, { resources: 1 })).ok).toBe(true)
  })

  test('[RC4] [CP13] is time that was observed: a clock that jumps a year ahead purges nothing', async () => {
    const own = await startServer({ app: CASK_APP, timers: WEEK })
    const { id } = await create(own, 'casks')
    const { token } = await mintToken(own, 'casks', id)
    await save(own, id, token, 'through the year')
    await own.fetch(`/v1/casks/${id}`, { method: 'DELETE' })
    const { dataDir } = own
    await own.stop()
    const timers = { ...WEEK, clockOffsetMs: 365 * DAY_MS }
    const later = await startServer({ app: CASK_APP, dataDir, timers })
    // The alarm has run, and looks again a day later at most.
    const due = async (): Promise<number> => Number((await inspect(later, id)).work[0]?.due)
    await expect.poll(due, SETTLED).toBeGreaterThan(Date.now() + 365 * DAY_MS)
    expect((await inspect(later, id)).row.phase).toBe('live')
    expect((await later.fetch(`/v1/casks/${id}/restore`, json('POST', {}))).status).toBe(200)
    expect(await (await read(later, id, token)).json()).toMatchObject({ text: 'through the year' })
  })
})

async function filled(body: object = {}): Promise<{ id: string; token: string; saved: object }> {
  const { id } = await create(server, 'casks', body)
  const { token } = await mintToken(server, 'casks', id)
  return { id, token, saved: await save(server, id, token, `content of ${id}`) }
}

function remove(id: string, query = ''): Promise<Response> {
  return server.fetch(`/v1/casks/${id}${query}`, { method: 'DELETE' })
}

function restore(id: string, body: object = {}): Promise<Response> {
  return server.fetch(`/v1/casks/${id}/restore`, json('POST', body))
}

/** Waits until the object has what the row wants. */
async function settled(id: string): Promise<void> {
  await expect.poll(async () => unfinished(await inspect(server, id)), SETTLED).toBeUndefined()
}

async function refusal(response: Promise<Response>): Promise<Problem> {
  return problem(await response)
}
