// An account that asks for too much, and its neighbours on the same control plane object.

import { beforeAll, expect, test } from 'vitest'
import { TENANTS_APP } from '../support/apps.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { Tenant } from '../support/tenant.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: TENANTS_APP })
})

test('[OP3] a flood is refused with the time to wait, serves nobody else worse than that, and is over when it is over', async () => {
  const flood = new Tenant(server, 'flood')
  const neighbour = new Tenant(server, 'neighbour')
  const { id } = await neighbour.create('files')
  const statuses = new Map<number, number>()
  let isOver = false
  const clients = Array.from({ length: 50 }, async () => {
    while (!isOver) {
      const response = await flood.ask('files?limit=1')
      await response.arrayBuffer()
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    }
  })
  const answered: number[] = []
  for (let ask = 0; ask < 20; ask++) {
    answered.push((await neighbour.ask(`files/${id}`)).status)
  }
  isOver = true
  await Promise.all(clients)
  console.log('the flood was answered', Object.fromEntries(statuses))
  expect(new Set(answered)).toEqual(new Set([200]))
  expect([...statuses.keys()].toSorted()).toEqual([200, 429])
  expect(statuses.get(429)).toBeGreaterThan(0)
  await expect.poll(async () => (await flood.ask('files')).status, { timeout: 5_000 }).toBe(200)
})
