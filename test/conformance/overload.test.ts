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
  const end = new AbortController()
  const clients = Array.from({ length: 50 }, async () => {
    while (!end.signal.aborted) {
      const begun = performance.now()
      const response = await flood.ask('files?limit=1')
      await response.arrayBuffer()
      // Who loops is made to wait: refusing him thousands of times a second would cost the others more than serving him.
      if (response.status === 429) expect(performance.now() - begun).toBeGreaterThan(200)
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    }
  })
  const answered: number[] = []
  for (let ask = 0; ask < 20; ask++) {
    answered.push((await neighbour.ask(`files/${id}`)).status)
  }
  end.abort()
  await Promise.all(clients)
  console.log('the flood was answered', Object.fromEntries(statuses))
  expect(new Set(answered)).toEqual(new Set([200]))
  expect(new Set(statuses.keys())).toEqual(new Set([200, 429]))
  expect(statuses.get(429)).toBeGreaterThan(0)
  await expect.poll(async () => (await flood.ask('files')).status, { timeout: 5_000 }).toBe(200)
})

test('[OP3] more at once than a shard can serve is refused at once with the time to wait, and it recovers', async () => {
  const operator = new Tenant(server, 'operators', { role: 'operator' })
  // All that is asked while the control plane stands still arrives in the same moment.
  const pid = server.control.pid ?? 0
  process.kill(pid, 'SIGSTOP')
  const asked = Array.from({ length: 400 }, () => operator.post('files'))
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  process.kill(pid, 'SIGCONT')
  const answers = await Promise.all(asked)
  const refused = answers.filter(({ status }) => status === 503)
  const made = answers.filter(({ status }) => status === 201 || status === 202).length
  console.log(`of 400 creations at once ${made} were begun, ${refused.length} were refused`)
  expect(refused.length).toBeGreaterThan(0)
  expect(made + refused.length).toBe(400)
  for (const one of refused) {
    expect(Number(one.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await one.json()).toMatchObject({ code: 'overloaded', retryable: true, applied: 'no' })
  }
  await operator.expect(201, operator.post('files'))
  const { count } = await operator.expect<{ count: number }>(200, operator.ask('files/count'))
  expect(count).toBe(made + 1)
})
