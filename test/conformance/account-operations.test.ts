// What happens to an account happens to all of its resources, of every type and shard.

import { beforeAll, describe, expect, test } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount } from '../support/accounts.ts'
import { CASK_APP } from '../faults/casks.ts'
import { content, json, problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SOON, waitForOperation } from '../support/tenant.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: CASK_APP, timers: { deleteRetentionMs: 3_600_000, usageIntervalMs: 200 } })
})

interface Owner {
  readonly account: string
  /** With a token for each. */
  readonly owned: readonly { readonly path: string; readonly token: string }[]
  ask(path: string, init?: RequestInit): Promise<Response>
}

/** An account with five casks and two vats. */
async function owner(name: string, settings: object = {}): Promise<Owner> {
  const { id: account, ask: askAt } = await makeAccount(server, { name, settings })
  const ask = (path: string, init?: RequestInit): Promise<Response> => askAt(`/v1/${path}`, init)
  const plurals = [...Array.from({ length: 5 }, () => 'casks'), 'vats', 'vats']
  const owned = await Promise.all(
    plurals.map(async (plural) => {
      const { id } = (await (await ask(plural, json('POST', {}))).json()) as ResourceJson
      const minted = (await (await ask(`${plural}/${id}/tokens`, json('POST', { permission: 'write' }))).json()) as {
        token: string
      }
      return { path: `${plural}/${id}`, token: minted.token }
    }),
  )
  return { account, owned, ask }
}

/** How each of its resources answers a reader, or a writer. */
async function statuses({ owned }: Owner, method: 'GET' | 'PUT' = 'GET'): Promise<number[]> {
  const init = method === 'GET' ? {} : { method, body: 'x' }
  return Promise.all(owned.map(async ({ path, token }) => (await content(server, `/${path}/`, token, init)).status))
}

const all = (status: number): number[] => Array.from({ length: 7 }, () => status)

/** The operator changes the account. @returns the operation that it began, when it has ended */
async function change(path: string, init: RequestInit): Promise<OperationJson> {
  const response = await server.fetch(`/v1/accounts/${path}`, init)
  const { operation } = (await response.json()) as { operation?: string }
  expect([200, 202]).toContain(response.status)
  return waitForOperation(server, operation ?? '')
}

describe('suspending an account', () => {
  test('[AC11] suspends all that it has, by an operation; resuming brings each back as it was', async () => {
    const acme = await owner('Acme')
    const [first] = acme.owned
    expect((await acme.ask(first?.path ?? '', json('PATCH', { mode: 'read_only' }))).status).toBe(200)
    const operation = await change(acme.account, json('PATCH', { mode: 'suspended' }))
    expect(operation).toMatchObject({ kind: 'account_update', state: 'succeeded', subject: { account: acme.account } })
    expect(operation.progress).toEqual({ total: 7, done: 7, failed: 0 })
    expect(await statuses(acme)).toEqual(all(403))
    const refused = await acme.ask('casks')
    expect([refused.status, (await problem(refused)).code]).toEqual([403, 'suspended'])
    // Whoever asks: nothing new comes to it.
    const forIt = await server.fetch(`/v1/casks?account=${acme.account}`, json('POST', {}))
    expect([forIt.status, (await problem(forIt)).code]).toEqual([403, 'suspended'])

    await change(acme.account, json('PATCH', { mode: 'active' }))
    expect(await statuses(acme)).toEqual(all(200))
    const states = (await (await acme.ask('casks')).json()) as { data: ResourceJson[] }
    expect(states.data.map(({ state }) => state).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'active',
      'active',
      'active',
      'active',
      'read_only',
    ])
  })

  test('[AC11] leaves every other account alone', async () => {
    const [acme, other] = await Promise.all([owner('One'), owner('Another')])
    await change(acme.account, json('PATCH', { mode: 'read_only' }))
    expect(await statuses(acme)).toEqual(all(200))
    expect(await statuses(acme, 'PUT')).toEqual(all(403))
    expect(await statuses(other, 'PUT')).toEqual(all(200))
  })
})

describe('deleting an account', () => {
  test('[AC12] takes all that it has away for the time in which it can be restored, and restoring brings all back', async () => {
    const gone = await owner('Gone')
    await change(gone.account, { method: 'DELETE' })
    expect((await gone.ask('casks')).status).toBe(401)
    expect(await statuses(gone)).toEqual(all(403))
    await change(`${gone.account}/restore`, json('POST', {}))
    expect(await statuses(gone)).toEqual(all(200))
    expect((await gone.ask('casks')).status).toBe(200)
  })

  test('[AC12] at its end purges everything it had, and only then the account', async () => {
    const ending = await owner('Ending')
    const [kept] = ending.owned
    expect((await ending.ask(kept?.path ?? '', json('PATCH', { delete_protection: true }))).status).toBe(200)
    expect((await ending.ask(ending.owned[1]?.path ?? '', { method: 'DELETE' })).status).toBe(200)
    const operation = await change(`${ending.account}?purge=true`, { method: 'DELETE' })
    expect(operation).toMatchObject({ kind: 'account_purge', state: 'succeeded' })
    expect(await statuses(ending)).toEqual(all(410))
    for (const { path } of ending.owned) {
      const row = await server.fetch(`/v1/${path}?account=${ending.account}`)
      expect((await row.json()) as ResourceJson).toMatchObject({ state: 'deleted' })
    }
    expect((await server.fetch(`/v1/accounts/${ending.account}/restore`, json('POST', {}))).status).toBe(410)
    expect((await server.fetch(`/v1/accounts/${ending.account}`)).status).toBe(200)
  })
})

describe('limits of an account', () => {
  test('[AC13] [MT2] [MT3] reach its resources when they are set and when they change', async () => {
    const small = await owner('Small', { limits: { cask: { resource_bytes: 100_000 } } })
    const [cask] = small.owned
    const write = async (bytes: number): Promise<number> =>
      (await content(server, `/${cask?.path}/`, cask?.token, { method: 'PUT', body: 'x'.repeat(bytes) })).status
    expect(await write(150_000)).toBe(507)
    await change(small.account, json('PATCH', { settings: { limits: { cask: { bytes: 150_000 } } } }))
    expect(await write(200_000)).toBe(200)
    await expect.poll(() => write(10), SOON).toBe(403)
    await change(small.account, json('PATCH', { settings: {} }))
    await expect.poll(() => write(10), SOON).toBe(200)
  })
})
