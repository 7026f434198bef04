// What comes as an imported resource's content is held to what its object has stored of it.

import { beforeAll, describe, expect, test } from 'vitest'
import { FILLING_APP } from '../support/apps.ts'
import { content, makeResource, mintToken } from '../support/http.ts'
import { awaitedId, issuedId, sendContent } from '../support/imports-by-hand.ts'
import { startServer, type TestServer } from '../support/server.ts'

const ENTRIES = ['one', 'two', 'three']

let server: TestServer
let owner: string

beforeAll(async () => {
  server = await startServer({ app: FILLING_APP })
  owner = server.secrets.defaultAccount
})

test('[AR13] what a type loses while it loads is noticed: it is not served', async () => {
  const { id: model, ask: askModel } = await makeResource(server, 'sieves')
  for (const entry of ENTRIES) await askModel('entries', { method: 'POST', body: entry })
  const sieved = Buffer.from(await (await server.fetch(`/v1/sieves/${model}/archive`)).arrayBuffer())
  const id = await awaitedId(server, owner, await issuedId(server, 'sieve'), 'sieves')
  const { status, body: said } = await sendContent(server, id, sieved, { plural: 'sieves' }).answer
  expect([status, said]).toEqual([400, expect.stringContaining('is not what came')])
  expect((await recordOf(`/v1/sieves/${id}`)).state).toBe('creating')
  expect((await server.fetch(`/v1/sieves/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
})

describe('what comes is held to what is stored of it', () => {
  /** Of a sieve, which loses a mark of it. */
  let sieved: string
  beforeAll(async () => {
    const { id, ask: askModel } = await makeResource(server, 'sieves')
    await askModel('entries', { method: 'POST', body: 'one' })
    sieved = await (await server.fetch(`/v1/sieves/${id}/archive`)).text()
  })

  test.each([
    ['of this release', {}, [400, 'is not what came']],
    ['of an older form of the copy', { form: 0 }, [200, '']],
    ["of an older form of the type's", { type_form: 0 }, [200, '']],
    ['of an older schema', { schema_version: 2 }, [200, '']],
    ['without a form, as before there was one', { form: undefined }, [200, '']],
    ['with no form that there could be', { form: '1' }, [200, '']],
    ['of a newer form of the copy', { form: 99, schema_version: 2 }, [400, 'by a newer release']],
    ["of a newer form of the type's", { form: 0, type_form: 2 }, [400, 'by a newer release']],
    ['of a newer schema', { form: 0, schema_version: 4 }, [400, 'by a newer release']],
  ])('[AR13] [MV11] where it is written alike: %s', async (_what, members, [code, why]) => {
    const [head = '', ...lines] = sieved.split('\n')
    expect(JSON.parse(head)).toEqual({ biplane: 1, form: 1, type_form: 1, schema_version: 3 })
    const changed = { ...(JSON.parse(head) as object), ...members }
    const id = await awaitedId(server, owner, await issuedId(server, 'sieve'), 'sieves')
    const whole = Buffer.from([JSON.stringify(changed), ...lines].join('\n'))
    const { status, body: said } = await sendContent(server, id, whole, { plural: 'sieves' }).answer
    expect([status, said]).toEqual([code, expect.stringContaining(String(why))])
    expect((await recordOf(`/v1/sieves/${id}`)).state).toBe(code === 200 ? 'active' : 'creating')
    expect((await server.fetch(`/v1/sieves/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
  })
})

test('[AR13] what an older schema has written is taken, though it reads otherwise now', async () => {
  const id = await awaitedId(server, owner)
  const lines = [
    '{"biplane":1,"schema_version":2}',
    '{"content":true}',
    '{"schema_version":2}',
    '{"table":"entry","columns":["id","text"]}',
    '{"row":[1,"old"]}',
    '{"end":true}',
  ]
  expect((await sendContent(server, id, Buffer.from(`${lines.join('\n')}\n`)).answer).status).toBe(200)
  const { token } = await mintToken(server, 'ledgers', id)
  expect(await (await content(server, `/ledgers/${id}/entries`, token)).json()).toEqual(['old'])
})

async function recordOf(path: string): Promise<{ readonly state: string }> {
  return (await (await server.fetch(path)).json()) as { state: string }
}
