// What a copy of an object has for a schema is known from the making of one, or found out beside what is there.

import { beforeAll, expect, test } from 'vitest'
import { makeResource, problem, type OwnedResource } from '../support/http.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: `${ROOT}test/support/apps/exact.ts` })
})

async function run({ ask }: OwnedResource, body: string): Promise<unknown> {
  const answer = await ask('run', { method: 'POST', body })
  expect(answer.status).toBe(200)
  return answer.json()
}

const stepsOf = async ({ ask }: OwnedResource): Promise<unknown> => (await ask('steps')).json()
const archive = (plural: string, { id }: OwnedResource): Promise<Response> =>
  server.fetch(`/v1/${plural}/${id}/archive`)

test('[MV9] [MV10] a copy runs no step of the schema in a process that has made one of its type, and one later, undone', async () => {
  const made = await makeResource(server, 'counted')
  await run(made, "INSERT INTO c VALUES ('kept')")
  expect(await stepsOf(made)).toBe(1)
  const before = await (await archive('counted', made)).text()
  expect(before).toContain('kept')
  expect(await stepsOf(made)).toBe(1)

  const schema = await run(made, 'SELECT * FROM sqlite_schema ORDER BY rowid')
  await server.data.kill9()
  await server.data.ready()
  expect(await stepsOf(made)).toBe(0)
  for (const _ of ['first', 'second']) {
    expect(await (await archive('counted', made)).text()).toBe(before)
    expect(await stepsOf(made)).toBe(1)
  }
  expect(await run(made, 'SELECT * FROM sqlite_schema ORDER BY rowid')).toEqual(schema)
  await run(made, 'CREATE INDEX late ON c (v, v)')
  const refused = await archive('counted', made)
  expect([refused.status, (await problem(refused)).detail]).toEqual([400, expect.stringContaining('the index "late"')])
})

test('[MV9] a view, and the trigger that goes with it, are made beside what is there', async () => {
  const made = await makeResource(server, 'cabinets')
  await run(made, "INSERT INTO shown VALUES ('by the view', 1)")
  const before = await (await archive('cabinets', made)).text()
  expect(before).toContain('by the view')
  await server.data.kill9()
  await server.data.ready()
  const after = await archive('cabinets', made)
  expect([after.status, await after.text()]).toEqual([200, before])
  await run(made, "INSERT INTO shown VALUES ('again', 2)")
})

test('[MV10] what an object has before its migrations is none of theirs', async () => {
  const refused = await archive('early', await makeResource(server, 'early'))
  expect([refused.status, (await problem(refused)).detail]).toEqual([400, expect.stringContaining('the table "early"')])
})
