// What is refused before its body was read, on its way through another process: that one must not lose the answer because it cannot
// send the rest any more.

import { Agent } from 'node:http'
import { beforeAll, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { startCells } from '../support/cells.ts'
import { create, json, mintToken, send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Far more than an engine reads after its answer, and than fits between two processes. */
const BODY = 'x'.repeat(300_000)
/** Of one in twenty the answer was lost. */
const REQUESTS = 100

let front: TestServer

beforeAll(async () => {
  front = await startServer({ app: LEDGER_APP, args: ['--cells', 'c1,c2'] })
})

test('[CE10] behind a front: the refusal of the resource, and that of the edge', async () => {
  const { id, token } = await readOnlyLedger(front)
  expect(await statusesOf(front, id, token)).toEqual([403])
  expect(await statusesOf(front, id, 'wrong')).toEqual([401])
})

test('[CE3] by a hop: the refusal of the resource, and that of the edge', async () => {
  const { servers } = await startCells(['c1', 'c2'], { app: LEDGER_APP })
  const { id, token } = await readOnlyLedger(servers.c1)
  expect(await statusesOf(servers.c1, id, token)).toEqual([403])
  expect(await statusesOf(servers.c1, id, 'wrong')).toEqual([401])
})

async function readOnlyLedger(server: TestServer): Promise<{ readonly id: string; readonly token: string }> {
  const { id } = await create(server, 'ledgers', { cell: 'c2' })
  const { token } = await mintToken(server, 'ledgers', id)
  expect((await server.fetch(`/v1/ledgers/${id}`, json('PATCH', { mode: 'read_only' }))).status).toBe(200)
  return { id, token }
}

/** Every answer that there was, once. Each request has a connection of its own, as a front brings it to the right cell. */
async function statusesOf(server: TestServer, id: string, token: string): Promise<number[]> {
  const statuses = new Set<number>()
  for (let number = 0; number < REQUESTS; number++) {
    const headers = { authorization: `Bearer ${token}`, 'content-length': String(BODY.length) }
    const agent = new Agent()
    const { status } = await send(server, {
      method: 'POST',
      path: `/ledgers/${id}/entries`,
      headers,
      body: BODY,
      agent,
    })
    statuses.add(status)
    agent.destroy()
  }
  return [...statuses]
}
