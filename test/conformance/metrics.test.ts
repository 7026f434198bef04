// The operator's figures, and the request id in the logs of both planes.

import { beforeAll, expect, test } from 'vitest'
import { LEDGER_APP, TENANTS_APP } from '../support/apps.ts'
import { create, mintToken, content, problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { Tenant } from '../support/tenant.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP, args: ['--request-log'], timers: { deleteRetentionMs: 3_600_000 } })
})

function valueOf(text: string, line: RegExp): number {
  const found = text.split('\n').find((one) => line.test(one))
  if (found === undefined) throw new Error(`no line ${String(line)} in\n${text}`)
  return Number(found.split(' ').at(-1))
}

test('[OP1] [OP2] /metrics tells states, work and latencies per plane and type, to the operator only', async () => {
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401)
  const { id } = await create(server, 'ledgers')
  const { token } = await mintToken(server, 'ledgers', id)
  await content(server, `/ledgers/${id}/entries`, token)
  await server.fetch(`/v1/ledgers/${(await create(server, 'ledgers')).id}`, { method: 'DELETE' })
  expect((await server.fetch('/metrics', { method: 'POST' })).status).toBe(404)
  const response = await server.fetch('/metrics', { headers: { 'x-request-id': 'scrape-1' } })
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'x-request-id': 'scrape-1',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const text = await response.text()
  const root = 'type="ledger",shard="root"'
  expect(valueOf(text, new RegExp(`^biplane_shard_up{${root}}`))).toBe(1)
  expect(valueOf(text, new RegExp(`^biplane_resources{${root},state="listed"}`))).toBe(1)
  expect(valueOf(text, new RegExp(`^biplane_resources{${root},state="deleted"}`))).toBe(1)
  expect(valueOf(text, new RegExp(`^biplane_oldest_unfinished_seconds{${root}}`))).toBe(0)
  const duration = 'biplane_request_duration_seconds_count'
  expect(valueOf(text, new RegExp(`^${duration}{plane="data",type="ledger",status="2xx"}`))).toBe(1)
  expect(valueOf(text, new RegExp(`^${duration}{plane="control",type="ledger",status="2xx"}`))).toBeGreaterThanOrEqual(
    4,
  )
  // Every line is a comment or a sample, and nothing names a resource.
  for (const line of text.trim().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? -?[\d.e+-]+)$/)
  expect(text).not.toContain(id)

  await server.control.kill9()
  const without = await (await server.fetch('/metrics')).text()
  expect(without).toContain('biplane_shard_up')
  await server.control.ready()
})

test('[OP1] every shard of a type tells its figures, whichever accounts it has', async () => {
  const tenants = await startServer({ app: TENANTS_APP })
  await new Tenant(tenants, 'acme').create('spreads')
  const headers = { 'x-account': 'somebody', 'x-role': 'operator' }
  const lines = (await (await fetch(`${tenants.url}/metrics`, { headers })).text()).split('\n')
  const isUp = lines.filter((line) => line.startsWith('biplane_shard_up{'))
  expect(isUp.filter((line) => line.includes('type="spread"'))).toHaveLength(4)
  expect(isUp.filter((line) => !line.endsWith(' 1'))).toEqual([])
  const listed = lines.filter((line) => line.startsWith('biplane_resources{') && line.includes('state="listed"'))
  expect(listed.filter((line) => line.includes('type="spread"') && line.endsWith(' 1'))).toHaveLength(1)
})

test('[OP2] a request id goes through both planes into the logs', async () => {
  const response = await server.fetch('/v1/ledgers', { method: 'POST', headers: { 'x-request-id': 'one-of-mine' } })
  expect(response.headers.get('x-request-id')).toBe('one-of-mine')
  for (const event of ['request', 'control_call', 'data_call']) {
    await server.logged(({ message }) => {
      return message.includes(`"event":"${event}"`) && message.includes('"request_id":"one-of-mine"')
    })
  }
  const refused = await problem(await fetch(`${server.url}/v1/ledgers`, { headers: { 'x-request-id': 'refused' } }))
  expect(refused.request_id).toBe('refused')
})
