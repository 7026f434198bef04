// An account is suspended, or comes to its end, and either process is killed on the way to its resources.

import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount, type TestAccount } from '../support/accounts.ts'
import { content, json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SOON } from '../support/tenant.ts'
import { CASK_APP } from './casks.ts'
import { cases, killedAt, withQuickRestarts } from './points.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer({ app: CASK_APP, faults: true, timers: { tombstoneRetentionMs: 3_600_000 } })
})

beforeEach(() => withQuickRestarts(server))

/** An account with two casks and a vat, and how each answers a reader. */
async function made(): Promise<{ account: TestAccount; statuses: () => Promise<(number | string)[]> }> {
  const account = await makeAccount(server)
  const owned = await Promise.all(
    ['casks', 'casks', 'vats'].map(async (plural) => {
      const { id } = (await (await account.ask(`/v1/${plural}`, json('POST', {}))).json()) as ResourceJson
      const token = (await (await account.ask(`/v1/${plural}/${id}/tokens`, json('POST', {}))).json()) as {
        token: string
      }
      return { path: `/${plural}/${id}/`, token: token.token }
    }),
  )
  const statuses = (): Promise<(number | string)[]> =>
    Promise.all(
      owned.map(({ path, token }) =>
        content(server, path, token).then(
          ({ status }) => status,
          () => 'broken',
        ),
      ),
    )
  return { account, statuses }
}

test.each(cases('hold'))('[RC1] [AC11] suspending an account: the %s process killed at %s', async (victim, point) => {
  const { account, statuses } = await made()
  await killedAt(server, point, victim, () =>
    server.fetch(`/v1/accounts/${account.id}`, json('PATCH', { mode: 'suspended' })),
  )
  await expect.poll(statuses, SOON).toEqual([403, 403, 403])
  await expect
    .poll(
      async () => (await server.fetch(`/v1/accounts/${account.id}`, json('PATCH', { mode: 'active' }))).status,
      SOON,
    )
    .toBe(200)
  await expect.poll(statuses, SOON).toEqual([200, 200, 200])
})

test.each(cases('hold'))('[RC1] [AC12] the end of an account: the %s process killed at %s', async (victim, point) => {
  const { account, statuses } = await made()
  await killedAt(server, point, victim, () =>
    server.fetch(`/v1/accounts/${account.id}?purge=true`, { method: 'DELETE' }),
  )
  await expect.poll(statuses, SOON).toEqual([410, 410, 410])
  await expect
    .poll(
      async () =>
        ((await (await server.fetch(`/v1/accounts/${account.id}/inspect`)).json()) as { row: { phase: string } }).row
          .phase,
      SOON,
    )
    .toBe('purged')
})

test('[CP23] [AC11] an operation that a later change has ended stays so, though its work was just under way', async () => {
  const { account, statuses } = await made()
  const change = async (mode: string): Promise<string> => {
    const answer = await server.fetch(`/v1/accounts/${account.id}`, json('PATCH', { mode }))
    return ((await answer.json()) as { operation: string }).operation
  }
  const stateOf = async (id: string): Promise<string> =>
    ((await (await server.fetch(`/v1/operations/${id}`)).json()) as OperationJson).state
  const before = server.faults?.hits('hold.recorded') ?? 0
  const release = server.faults?.hold('hold.recorded')
  const first = await change('suspended')
  await server.faultHit('hold.recorded', before + 1)
  const second = await change('active')
  expect(await stateOf(first)).toBe('cancelled')
  release?.()
  await expect.poll(() => stateOf(second), SOON).toBe('succeeded')
  // What the first one's work would have written, it has tried to by now.
  await wait(300)
  expect(await stateOf(first)).toBe('cancelled')
  expect(await statuses()).toEqual([200, 200, 200])
})
