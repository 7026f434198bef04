// The two planes in different cells: what is decided in one is done in another, and what is down is told apart from what is not.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount, makeKey, type TestAccount } from '../support/accounts.ts'
import { REGION_CRATES_APP } from '../support/apps.ts'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { content, create, json, mintToken, problem } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { createCrate, listAll, sqlOn } from '../support/shards.ts'
import { SOON } from '../support/tenant.ts'

let world: Cells<'alpha' | 'beta'>
/** The root cell. */
let alpha: TestServer
let beta: TestServer
/** At home in beta. */
let account: TestAccount

beforeAll(async () => {
  world = await startCells(['alpha', 'beta'], { app: REGION_CRATES_APP, timers: { deleteRetentionMs: 1_000 } })
  ;({ alpha, beta } = world.servers)
  account = await makeAccount(beta, { name: 'at home in beta' })
})
afterAll(() => disposeCells(world))

describe('the planes over cells', () => {
  test('[CE6] a resource is made, stopped, moved between states, deleted and purged in another cell', async () => {
    const crate = await create(alpha, 'crates', { cell: 'beta' })
    const { token } = await mintToken(alpha, 'crates', crate.id)
    const path = `/crates/${crate.id}/`
    const write = { method: 'PUT', body: 'x' }
    expect((await content(beta, path, token, write)).status).toBe(200)
    const change = (body: object): Promise<Response> => alpha.fetch(`/v1/crates/${crate.id}`, json('PATCH', body))
    for (const [body, status] of [
      [{ mode: 'suspended' }, 403],
      [{ mode: 'read_only' }, 403],
      [{ mode: 'active' }, 200],
    ] as const) {
      expect((await change(body)).status).toBe(200)
      for (const server of [alpha, beta])
        expect([body, (await content(server, path, token, write)).status]).toEqual([body, status])
    }
    const inspected = await beta.fetch(`/v1/crates/${crate.id}/inspect`)
    expect([inspected.status, await inspected.text()]).toEqual([200, expect.stringContaining('"active"')])
    expect((await beta.fetch(`/v1/crates/${crate.id}`, { method: 'DELETE' })).status).toBeLessThan(300)
    expect((await content(alpha, path, token)).status).toBe(410)
    expect((await alpha.fetch(`/v1/crates/${crate.id}/restore`, { method: 'POST' })).status).toBe(200)
    expect((await content(alpha, path, token)).status).toBe(200)
    await alpha.fetch(`/v1/crates/${crate.id}`, { method: 'DELETE' })
    await vi.waitFor(async () => {
      const purged = (await (await alpha.fetch(`/v1/crates/${crate.id}/inspect`)).json()) as object
      expect(purged).toMatchObject({ object: { kind: 'tombstone' } })
    }, SOON)
    expect((await content(alpha, path, token)).status).toBe(410)
  })

  test('[CE6] an API key opens its account at every cell, and is refused at every cell when it was revoked', async () => {
    for (const server of [alpha, beta]) expect((await content(server, '/v1/crates', account.key.key)).status).toBe(200)
    const key = await makeKey(alpha, account.id, { role: 'admin' })
    const made = await content(alpha, '/v1/crates', key.key, json('POST', { name: 'by key' }))
    expect(((await made.json()) as ResourceJson).account).toBe(account.id)
    expect((await beta.fetch(`/v1/accounts/${account.id}/keys/${key.id}`, { method: 'DELETE' })).status).toBe(200)
    for (const server of [alpha, beta]) expect((await content(server, '/v1/crates', key.key)).status).toBe(401)
  })

  test("[CE6] a region's control plane object is in the account's home cell, wherever its resources are", async () => {
    const far = await createCrate(alpha, account.id, 'far-away')
    const near = await createCrate(beta, account.id, 'at-home')
    expect([far.cell, near.cell]).toEqual(['alpha', 'beta'])
    expect(await listAll(alpha, account.id)).toEqual(await listAll(beta, account.id))
    expect(await listAll(alpha, account.id)).toContain(far.id)
    // The side door leads to the very process.
    const rows = await sqlOn(beta, 'r-beta', 'SELECT id FROM resource')
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining([far.id, near.id]))
    await beta.control.kill9()
    await beta.control.ready()
    await vi.waitFor(async () => expect(await listAll(alpha, account.id)).toContain(near.id), SOON)
    expect((await createCrate(alpha, account.id, 'far-away')).id).toBe(far.id)
  })

  test('[CE6] a name and a key of idempotency are one over all cells', async () => {
    const first = await createCrate(alpha, account.id, 'only once', 'k1')
    expect((await createCrate(beta, account.id, 'only once', 'k1')).id).toBe(first.id)
    const again = await beta.fetch(`/v1/crates?account=${account.id}`, json('POST', { name: 'Only ONCE' }))
    expect([again.status, (await problem(again)).code]).toEqual([409, 'already_exists'])
  })

  test('[CE6] [SH9] the list over all accounts names the cell that does not answer, and has the others', async () => {
    const own = await create(alpha, 'crates', { name: 'of the deployment' })
    const list = async (): Promise<{ ids: string[]; unreachable: string[] }> => {
      const answer = await alpha.fetch('/v1/crates?account=-&limit=200')
      const { data, unreachable = [] } = (await answer.json()) as { data: ResourceJson[]; unreachable?: string[] }
      return { ids: data.map(({ id }) => id), unreachable }
    }
    const whole = await list()
    expect(whole.unreachable).toEqual([])
    const [atHome] = await listAll(beta, account.id)
    expect(whole.ids).toEqual(expect.arrayContaining([own.id, atHome]))
    await beta.stop()
    const partial = await list()
    expect(partial.unreachable).toEqual(['control-plane-crate-r-beta'])
    expect(partial.ids).toContain(own.id)
    expect(partial.ids).not.toContain(atHome)
    const down = await content(alpha, '/v1/crates', account.key.key)
    expect([down.status, (await problem(down)).code]).toEqual([503, 'unavailable'])
    await beta.start()
    await vi.waitFor(async () => expect(await list()).toEqual(whole), SOON)
  })
})
