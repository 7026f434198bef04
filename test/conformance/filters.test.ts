// Lists that are narrowed, and counting.

import { beforeAll, describe, expect, test } from 'vitest'
import type { OperationJson } from '../../src/wire/operation.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { TENANTS_APP } from '../support/apps.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { Tenant } from '../support/tenant.ts'

let server: TestServer
let tenant: Tenant
/** Thirty files, every third `team:red`, every second called "Plan ...", in the order of creation. */
let files: ResourceJson[]

beforeAll(async () => {
  server = await startServer({ app: TENANTS_APP, timers: { deleteRetentionMs: 3_600_000 } })
  tenant = new Tenant(server, 'filters')
  const resources = Array.from({ length: 30 }, (_, index) => ({
    name: `${index % 2 === 0 ? 'Plan' : 'Draft'} ${index}`,
    labels: { team: index % 3 === 0 ? 'red' : 'blue', index: String(index) },
  }))
  const { id } = await tenant.expect<OperationJson>(202, tenant.post('files/bulk', { resources }))
  await tenant.ended(id)
  files = await tenant.list('files')
  await tenant.expect(200, tenant.patch(`files/${files[0]?.id}`, { mode: 'suspended' }))
  await tenant.expect(200, tenant.patch(`files/${files[1]?.id}`, { mode: 'read_only' }))
})

async function indexes(query: string): Promise<number[]> {
  return (await tenant.list(`files?limit=7&${query}`)).map(({ labels }) => Number(labels['index']))
}

async function count(query: string): Promise<number> {
  return (await tenant.expect<{ count: number }>(200, tenant.ask(`files/count?${query}`))).count
}

const ALL = Array.from({ length: 30 }, (_, index) => index)

describe('each filter narrows list and count alike', () => {
  test.each<[query: string, matches: (index: number) => boolean]>([
    ['', () => true],
    ['label=team:red', (index) => index % 3 === 0],
    ['label=team:green', () => false],
    ['label=index:7', (index) => index === 7],
    ['name_prefix=pLaN', (index) => index % 2 === 0],
    ['name_prefix=Plan%201', (index) => index % 2 === 0 && index >= 10 && index < 20],
    ['name_prefix=lan', () => false],
    ['q=raft', (index) => index % 2 === 1],
    ['cell=local', () => true],
    ['cell=mars', () => false],
    ['state=active', (index) => index > 1],
    ['state=suspended', (index) => index === 0],
    ['state=read_only', (index) => index === 1],
    ['state=creating', () => false],
    ['label=team:red&name_prefix=plan&state=active', (index) => index % 6 === 0 && index > 0],
  ])('[CP22] %s', async (query, matches) => {
    expect(await indexes(query)).toEqual(ALL.filter(matches))
    expect(await indexes(`order=descending&${query}`)).toEqual(ALL.filter(matches).toReversed())
    expect(await count(query)).toBe(ALL.filter(matches).length)
  })

  test('[CP22] time of creation, from and before', async () => {
    const [from, before] = [files[10]?.create_time ?? '', files[20]?.create_time ?? '']
    expect(await indexes(`created_from=${from}&created_before=${before}`)).toEqual(ALL.slice(10, 20))
    expect(await indexes(`created_from=${from}&label=team:red`)).toEqual(ALL.slice(10).filter((i) => i % 3 === 0))
    expect(await count(`created_before=${before}`)).toBe(20)
  })
})

test('[CP22] labels follow their changes, and deleted ones are filtered, too', async () => {
  const { id } = await tenant.create('files', { labels: { stage: 'one' } })
  await tenant.expect(200, tenant.patch(`files/${id}`, { labels: { stage: 'two' } }))
  expect((await tenant.list('files?label=stage:one')).map((one) => one.id)).toEqual([])
  expect((await tenant.list('files?label=stage:two')).map((one) => one.id)).toEqual([id])
  await tenant.expect(200, tenant.delete(`files/${id}`))
  expect(await tenant.list('files?label=stage:two')).toEqual([])
  expect((await tenant.list('files?deleted=true&label=stage:two')).map((one) => one.id)).toEqual([id])
  expect(await count('deleted=true&label=stage:two')).toBe(1)
  await tenant.expect([200, 202], tenant.delete(`files/${id}?purge=true`))
  expect(await tenant.list('files?deleted=true&label=stage:two')).toEqual([])
})

test('[CP22] [HT2] what is no filter is refused', async () => {
  for (const query of ['label=team', 'state=gone', 'cell=NOWHERE', 'created_from=yesterday', 'name_prefix=']) {
    const refused = await tenant.refused(tenant.ask(`files?${query}`), 400)
    expect([query, refused['parameter']]).toEqual([query, query.split('=')[0]])
  }
})
