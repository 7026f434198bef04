// biplane/client on accounts, keys, operations and journals.

import { join } from 'node:path'
import { createClient, type Client, type OperationJson } from 'biplane/client'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connect, createMany, ensureTally, visits } from '../../examples/client/tallies.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'
import { refusal } from './refusals-of.ts'

describe('accounts, operations, journals', () => {
  let server: TestServer
  let client: Client
  const ledgers = () => client.resources('ledgers')
  let account: string
  beforeAll(async () => {
    server = await startServer({ app: LEDGER_APP, timers: { deleteRetentionMs: 3_600_000 } })
    client = createClient({ baseUrl: server.url, key: server.operatorKey })
    account = (await client.accounts.create({ name: 'Acme' }, { wait: true })).id
  })
  afterEach(async () => {
    if ((await client.accounts.get(account)).state === 'suspended')
      await client.accounts.update(account, { mode: 'active' }, { wait: true })
  })

  test('[CL7] counts, and tokens that are revoked alone', async () => {
    const sheets = client.resources('sheets')
    for (const name of ['Counted 1', 'Counted 2', 'Not']) await sheets.create({ name })
    expect(await sheets.count()).toBe((await sheets.list({ limit: 200 }).all()).length)
    expect(await sheets.count({ name_prefix: 'counted', state: 'active' })).toBe(2)
    const { id, url } = await ledgers().create()
    const [one, other] = [await ledgers().tokens(id).mint(), await ledgers().tokens(id).mint()]
    await ledgers().tokens(id).revoke(one.token_id, { wait: true })
    const status = async (token: string) =>
      (await fetch(`${url}entries`, { headers: { authorization: `Bearer ${token}` } })).status
    expect([await status(one.token), await status(other.token)]).toEqual([401, 200])
  })

  test('[CL6] an operation is followed to its end, and its own error is thrown', async () => {
    const seen: OperationJson[] = []
    const operation = await ledgers().createMany(
      Array.from({ length: 120 }, (_, index) => ({ name: `Bulk ${index}`, labels: { bulk: 'yes' } })),
    )
    const ended = await client.operations.wait(operation, { onProgress: (state) => seen.push(state) })
    expect(ended).toMatchObject({ state: 'succeeded', progress: { total: 120, done: 120, failed: 0 } })
    expect(seen[0]?.id).toBe(operation.id)
    expect(seen.at(-1)).toEqual(ended)
    expect(await ledgers().count({ label: 'bulk:yes' })).toBe(120)
    expect((await client.operations.list({ limit: 1 }).all()).map(({ id }) => id)).toContain(operation.id)
    expect(await refusal(client.operations.get('op-ledger-0000000000000000'))).toMatchObject({ code: 'not_found' })
    const [first] = await ledgers().list({ label: 'bulk:yes' }).all()
    await ledgers().delete(first?.id ?? '')
    const purged = await client.operations.wait(await ledgers().purgeDeleted())
    expect(purged.state).toBe('succeeded')
    expect(await refusal(ledgers().restore(first?.id ?? ''))).toMatchObject({ code: 'deleted' })
  })

  test('[CL7] accounts and keys: a key works for its account, within its role and its limits, until it is revoked', async () => {
    const { key, id, role } = await client.keys(account).create({ name: 'deploy', role: 'member', expires_in: 600 })
    expect(role).toBe('member')
    const own = createClient({ baseUrl: server.url, key, retry: { attempts: 1 } })
    expect(await own.session()).toMatchObject({ account, role: 'member' })
    const { id: ledger } = await own.resources('ledgers').create()
    expect((await client.forAccount(account).resources('ledgers').get(ledger)).account).toBe(account)
    expect(await refusal(ledgers().get(ledger))).toMatchObject({ code: 'not_found' })
    expect(await refusal(own.accounts.list().page())).toMatchObject({ code: 'permission_denied' })
    await client.accounts.update(account, { settings: { limits: { ledger: { resources: 1 } } } }, { wait: true })
    await expect.poll(async () => (await refusal(own.resources('ledgers').create())).code).toBe('quota_exceeded')
    expect((await client.keys(account).list()).map((known) => known.id)).toEqual([id])
    await client.keys(account).revoke(id)
    expect(await refusal(own.session())).toMatchObject({ code: 'unauthenticated' })
    const { id: mine } = await ledgers().create()
    await client.accounts.update(account, { settings: {} }, { wait: true })
    expect((await ledgers().transfer(mine, account, { wait: true })).account).toBe(account)
  })

  test('[CL7] suspending an account is an operation over its resources', async () => {
    const acme = client.forAccount(account).resources('ledgers')
    const { id } = await acme.create()
    const { operation } = await client.accounts.update(account, { mode: 'suspended' }, { wait: true })
    await client.operations.wait(operation ?? '')
    await expect.poll(async () => (await acme.get(id)).state).toBe('suspended')
    expect((await client.accounts.list({ state: 'suspended' }).all()).map((suspended) => suspended.id)).toEqual([
      account,
    ])
  })

  test('[CL7] usage, audit and events of an account are lists like any other', async () => {
    const acme = client.forAccount(account)
    const { id } = await acme.resources('sheets').create({ name: 'Watched' })
    expect((await acme.usage().page()).now['sheet']).toMatchObject({ resources: 1, hold: 'active' })
    const audited = (await acme.audit().all()).find(({ resource }) => resource === id)
    expect(audited).toMatchObject({ actor: 'operator', action: 'create', outcome: 'ok', type: 'sheet' })
    const { next_cursor: after, data } = await acme.events({ limit: 200 }).page()
    expect(data.map(({ resource, kind }) => [resource, kind])).toContainEqual([id, 'created'])
    // From there on, as it happens.
    const controller = new AbortController()
    const news = acme.events({ after, follow: true, pollMs: 50, signal: controller.signal })
    const next = news[Symbol.asyncIterator]().next()
    await acme.resources('sheets').delete(id)
    expect((await next).value).toMatchObject({ kind: 'deleted', resource: id })
    const silent = acme.events({
      after: (await news.page(after)).next_cursor,
      follow: true,
      pollMs: 50,
      signal: controller.signal,
    })
    const never = silent[Symbol.asyncIterator]().next()
    setTimeout(() => controller.abort(new Error('Enough.')), 200)
    await expect(never).rejects.toThrow('Enough.')
  })

  test('[CL7] the operator lists over all accounts, and sees how those of each type are spread', async () => {
    const [ours, theirs] = [await ledgers().create(), await client.forAccount(account).resources('ledgers').create()]
    const all = (await client.forAccount('-').resources('ledgers').list({ limit: 200 }).all()).map(({ id }) => id)
    expect(all).toEqual(expect.arrayContaining([ours.id, theirs.id]))
    const ledger = (await client.types.list()).find(({ name }) => name === 'ledger')
    expect(ledger).toMatchObject({ plural: 'ledgers', policy: { kind: 'single' }, moving: false })
    const ended = await client.operations.wait(await client.types.reshard('ledger', { kind: 'hashed', shards: 2 }))
    expect(ended).toMatchObject({ kind: 'reshard', state: 'succeeded' })
    expect((await client.forAccount(account).resources('ledgers').get(theirs.id)).id).toBe(theirs.id)
  })

  test('[CL2] [CL6] examples/client creates many, and lists them page by page', async () => {
    const own = await startServer({ app: join(ROOT, 'examples/own-type/app.ts') })
    const tallies = connect(own.url, own.operatorKey)
    await ensureTally(tallies, 'Visitors')
    const seen: number[] = []
    await createMany(tallies, ['a', 'b'], ({ progress }) => seen.push(progress.done))
    expect(seen.at(-1)).toBe(2)
    expect(await visits(tallies)).toEqual(['Visitors'])
  })
})
