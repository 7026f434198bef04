import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byAccount, single, type ShardPolicy } from '../../src/identity/shard.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { LEDGER_APP, LEDGER_NEXT_APP } from '../support/apps.ts'
import { content, create, json, mintToken } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

test('[SH2] the persisted policy rules over what the next release proposes, and the edge follows it', async () => {
  await onSameData(async (start) => {
    const first = await start(LEDGER_APP)
    const { id } = await create(first, 'sheets', { name: 'Before' })
    await first.dispose()

    const second = await start(LEDGER_NEXT_APP)
    expect(await policyOf(second, id)).toEqual(single())
    expect(await names(second)).toEqual(['Before'])
    // One namespace of names, one quota, one history of keys: all still in the object that has them.
    expect((await second.fetch('/v1/sheets', json('POST', { name: 'before' }))).status).toBe(409)
    await create(second, 'sheets', { name: 'After' })
    expect(await names(second)).toEqual(['Before', 'After'])
    const { control } = second.sqliteFiles()
    await second.restart()
    expect(await names(second)).toEqual(['Before', 'After'])
    expect(second.sqliteFiles().control).toBe(control)
  })
})

test('[SH2] a policy that is new to a deployment is persisted by the first call, and then rules in turn', async () => {
  await onSameData(async (start) => {
    const first = await start(LEDGER_NEXT_APP)
    const { id } = await create(first, 'sheets', { name: 'Of an account' })
    expect(await policyOf(first, id)).toEqual(byAccount())
    await first.dispose()
    const second = await start(LEDGER_APP)
    expect(await policyOf(second, id)).toEqual(byAccount())
    expect(await names(second)).toEqual(['Of an account'])
  })
})

test('[DP4] a migration runs once per object, when it is next used, before anything else sees its tables', async () => {
  await onSameData(async (start) => {
    const first = await start(LEDGER_APP)
    const old = await create(first, 'ledgers', { params: { entries: ['old'] } })
    const unused = await create(first, 'ledgers', { params: { entries: ['unused'] } })
    await first.dispose()

    const second = await start(LEDGER_NEXT_APP)
    const created = await create(second, 'ledgers', { params: { entries: ['new'] } })
    // A new object gets every step before its content: nothing of it is old.
    expect(await entries(second, created.id)).toEqual(['new'])
    const together = await Promise.all([entries(second, old.id), entries(second, old.id), entries(second, old.id)])
    expect(together).toEqual([['old (migrated)'], ['old (migrated)'], ['old (migrated)']])
    await second.kill9()
    await second.start()
    expect(await entries(second, old.id)).toEqual(['old (migrated)'])
    await second.dispose()

    // An older release refuses what it does not understand, and still serves what it does.
    const third = await start(LEDGER_APP)
    const { token } = await mintToken(third, 'ledgers', old.id)
    const refused = await content(third, `/ledgers/${old.id}/entries`, token)
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, 'unavailable'])
    expect(await entries(third, unused.id)).toEqual(['unused'])
  })
})

/** Servers of several releases, one after the other, on one data directory. */
async function onSameData(run: (start: (app: string) => Promise<TestServer>) => Promise<void>): Promise<void> {
  const directory = makeTestDirectory()
  const servers: TestServer[] = []
  const start = async (app: string): Promise<TestServer> => {
    const server = await startServer({ app, dataDir: join(directory, 'data') })
    servers.push(server)
    return server
  }
  try {
    await run(start)
  } finally {
    await Promise.all(servers.map((server) => server.dispose()))
    rmSync(directory, { recursive: true, force: true })
  }
}

async function entries(server: TestServer, id: string): Promise<unknown> {
  const { token } = await mintToken(server, 'ledgers', id)
  return (await content(server, `/ledgers/${id}/entries`, token)).json()
}

async function names(server: TestServer): Promise<unknown[]> {
  const { data } = (await (await server.fetch('/v1/sheets')).json()) as { data: ResourceJson[] }
  return data.map(({ name }) => name)
}

/** By the name of the object that answers for a resource. */
async function policyOf(server: TestServer, id: string): Promise<ShardPolicy> {
  const answer = await server.fetch(`/v1/sheets/${id}/inspect`)
  const { row } = (await answer.json()) as { row: { descriptor: string; account: string } }
  const { shard } = JSON.parse(row.descriptor) as { shard: string }
  return shard === `control-plane-sheet-${row.account}` ? byAccount() : single()
}
