// A resource while it moves: what goes on, what waits, and how a move is given up.

import { beforeAll, describe, expect, test } from 'vitest'
import { create, json, makeResource, mintToken, problem } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import {
  askToMove,
  beginMove,
  ended,
  filesWithContent,
  filled,
  getOperation,
  inspect,
  moved,
  startOneProcess,
} from './movers.ts'

let server: TestServer

beforeAll(async () => {
  server = await startOneProcess({ faults: true, timers: { tombstoneRetentionMs: 500 } })
})

describe('while a resource moves', () => {
  test('[MV2] it is read, and what would change it is told to come again; nothing acknowledged is lost', async () => {
    const { id, ask } = await filled(server)
    const release = server.faults?.hold('moving.copied')
    const operation = await beginMove(server, 'ledgers', id, 'other')
    await server.faultHit('moving.copied', hits('moving.copied') + 1)
    expect(await (await ask('entries')).json()).toEqual(['Grüße 🦆'])
    const refused = await ask('entries', { method: 'POST', body: 'too early' })
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(await problem(refused)).toMatchObject({ code: 'unavailable', applied: 'no', retryable: true })
    expect((await getOperation(server, operation.id)).cancellable).toBe(true)
    release?.()
    await ended(server, operation.id)
    expect(await (await ask('entries')).json()).toEqual(['Grüße 🦆'])
  })

  test('[MV2] writers that repeat what was refused find each of their writes once', async () => {
    const { id, ask } = await makeResource(server)
    const acknowledged: string[] = []
    const moves = new AbortController()
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let number = 0; !moves.signal.aborted;) {
        const text = `${writer}.${number}`
        const { status } = await ask('entries', { method: 'POST', body: text })
        if (status !== 204 && status !== 503) throw new Error(`a write answered ${status}`)
        if (status !== 204) continue
        acknowledged.push(text)
        number++
      }
    })
    for (const cell of ['other', 'third', 'local']) await moved(server, 'ledgers', id, cell)
    moves.abort()
    await Promise.all(writers)
    const stored = (await (await ask('entries')).json()) as string[]
    expect(stored.toSorted()).toEqual(acknowledged.toSorted())
    expect(stored.length).toBeGreaterThan(10)
  })

  test('[MV5] tokens are revoked, and it is renamed and suspended, at once', async () => {
    const { id, ask } = await filled(server)
    const { id: operation } = await heldMove(id)
    expect((await server.fetch(`/v1/ledgers/${id}`, json('PATCH', { name: 'renamed' }))).status).toBe(200)
    expect((await server.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' })).status).toBe(200)
    expect((await ask('entries')).status).toBe(401)
    const suspended = await server.fetch(`/v1/ledgers/${id}`, json('PATCH', { mode: 'suspended' }))
    expect([suspended.status, ((await suspended.json()) as { state: string }).state]).toEqual([200, 'suspended'])
    release()
    expect((await ended(server, operation)).state).toBe('succeeded')
    const { resource, object } = await inspect(server, 'ledgers', id)
    expect(resource).toMatchObject({ name: 'renamed', state: 'suspended', cell: 'other' })
    expect(object).toMatchObject({ descriptor: { mode: 'suspended', generation: 2 } })
    expect((await ask('entries')).status).toBe(403)
    await server.fetch(`/v1/ledgers/${id}`, json('PATCH', { mode: 'active' }))
    const { token } = await mintToken(server, 'ledgers', id)
    const answer = await fetch(`${server.url}/ledgers/${id}/entries`, { headers: { authorization: `Bearer ${token}` } })
    expect(await answer.json()).toEqual(['Grüße 🦆'])
  })

  test('[MV5] it is not given away, nor moved elsewhere; asked again, it is the same move', async () => {
    const { id } = await filled(server)
    const { id: account } = await create(server, 'accounts')
    const operation = await heldMove(id)
    expect((await askToMove(server, 'ledgers', id, 'third')).status).toBe(409)
    expect(((await (await askToMove(server, 'ledgers', id, 'other')).json()) as { id: string }).id).toBe(operation.id)
    const given = await server.fetch(`/v1/ledgers/${id}/transfer`, json('POST', { account }))
    expect([given.status, (await problem(given)).code]).toEqual([409, 'not_ready'])
    release()
    await ended(server, operation.id)
    const after = await server.fetch(`/v1/ledgers/${id}/transfer`, json('POST', { account }))
    expect(after.status).toBe(200)
    expect(await after.json()).toMatchObject({ account, cell: 'other' })
  })

  test('[MV5] [MV8] deleting it ends the move; nothing of it stays in either cell', async () => {
    const files = filesWithContent(server)
    const { id, ask } = await filled(server)
    const operation = await heldMove(id)
    expect((await server.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })).status).toBe(200)
    expect((await ask('entries')).status).toBe(410)
    release()
    expect((await ended(server, operation.id)).state).toBe('cancelled')
    await expect.poll(async () => (await server.fetch(`/v1/ledgers/${id}`)).status, { timeout: 5_000 }).toBe(404)
    expect(filesWithContent(server)).toEqual(files)
    expect((await ask('entries')).status).toBe(404)
  })
})

describe('a move that is given up', () => {
  test('[MV6] leaves the resource where it was, to be written to at once', async () => {
    const files = filesWithContent(server)
    const { id, ask } = await filled(server)
    const operation = await heldMove(id)
    const cancelled = await server.fetch(`/v1/operations/${operation.id}/cancel`, json('POST', {}))
    expect(await cancelled.json()).toMatchObject({ state: 'cancelled' })
    await expect.poll(async () => (await ask('entries', { method: 'POST', body: 'again' })).status).toBe(204)
    release()
    await expect.poll(async () => (await inspect(server, 'ledgers', id)).work, { timeout: 5_000 }).toEqual([])
    expect((await inspect(server, 'ledgers', id)).resource).toMatchObject({ cell: 'local', state: 'active' })
    expect(filesWithContent(server)).toHaveLength(files.length + 1)
    // It can be moved there after all, with what was written since.
    await moved(server, 'ledgers', id, 'other')
    expect(await (await ask('entries')).json()).toEqual(['Grüße 🦆', 'again'])
    expect(filesWithContent(server)).toHaveLength(files.length + 1)
  })

  test('[MV6] on the way home leaves the identifier leading to where it is', async () => {
    const { id, ask } = await filled(server)
    await moved(server, 'ledgers', id, 'other')
    const operation = await heldMove(id, 'local')
    expect(await (await ask('entries')).json()).toEqual(['Grüße 🦆'])
    await server.fetch(`/v1/operations/${operation.id}/cancel`, json('POST', {}))
    release()
    await expect.poll(async () => (await inspect(server, 'ledgers', id)).work, { timeout: 5_000 }).toEqual([])
    expect((await ask('entries', { method: 'POST', body: 'again' })).status).toBe(204)
    expect((await inspect(server, 'ledgers', id)).resource.cell).toBe('other')
  })

  test('[MV6] once the resource is in the other cell, it goes on to its end', async () => {
    const { id } = await filled(server)
    const operation = await heldMove(id, 'other', 'moving.opened')
    expect((await getOperation(server, operation.id)).cancellable).toBe(false)
    const refused = await server.fetch(`/v1/operations/${operation.id}/cancel`, json('POST', {}))
    expect([refused.status, (await problem(refused)).code]).toEqual([400, 'invalid_request'])
    release()
    expect((await ended(server, operation.id)).state).toBe('succeeded')
  })
})

function hits(point: string): number {
  return server.faults?.hits(point) ?? 0
}

let release: () => void = () => {}

/** Begins a move and holds it at a point, until `release` is called. */
async function heldMove(id: string, cell = 'other', point = 'moving.copied'): Promise<{ id: string }> {
  const before = hits(point)
  release = server.faults?.hold(point) ?? release
  const operation = await beginMove(server, 'ledgers', id, cell)
  await server.faultHit(point, before + 1)
  return operation
}
