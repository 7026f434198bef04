// What a type stores: the limit of one value, and the generic copy of everything.

import { beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_APP } from '../support/apps.ts'
import { content, makeResource, type OwnedResource } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
})

describe('a value', () => {
  test('[DP12] has 2 MB at most', async () => {
    const { ask } = await make()
    const most = 'x'.repeat(2 * 1024 ** 2)
    expect((await ask('entries', { method: 'POST', body: most })).status).toBe(204)
    expect((await ask('entries', { method: 'POST', body: `${most}x` })).status).toBe(413)
    // Counted in bytes, not characters.
    expect((await ask('entries', { method: 'POST', body: 'ü'.repeat(1024 ** 2 + 1) })).status).toBe(413)
    expect(await (await ask('entries')).json()).toEqual([most])
  })
})

describe('dump and load', () => {
  test('[DP8] carry all tables of the type and none of the base class', async () => {
    const from = await make()
    await from.ask('entries', { method: 'POST', body: 'Grüße 🦆 "quoted"\nline' })
    await from.ask('blob?bytes=100000', { method: 'PUT' })
    await from.ask('timer?name=later&ms=3600000', { method: 'POST' })
    const dump = await (await from.ask('dump')).text()
    expect(dump.match(/"table":/g)).toHaveLength(3)
    expect(dump).not.toContain('CREATE')
    expect(dump).not.toContain('biplane_')
    expect(dump).not.toContain(from.id)

    const to = await make()
    await to.ask('entries', { method: 'POST', body: 'replaced' })
    expect((await to.ask('load', { method: 'PUT', body: dump })).status).toBe(204)
    expect(await (await to.ask('dump')).text()).toBe(dump)
    expect(await (await to.ask('entries')).json()).toEqual(['Grüße 🦆 "quoted"\nline'])
    // It is still itself: its own token opens it, the other's does not.
    expect((await content(server, `/ledgers/${to.id}/entries`, from.token)).status).toBe(401)
    expect((await to.ask('entries', { method: 'POST', body: 'goes on' })).status).toBe(204)
  })

  test.each([
    ['nothing in it', ''],
    ['no JSON', '{"schema_version":3}\n{"table"\n{"end":true}\n'],
    ['no end', '{"schema_version":3}\n{"table":"entry","columns":["id","text"]}\n'],
    ['no header', '{"table":"entry","columns":["id","text"]}\n{"end":true}\n'],
    ['a newer schema', '{"schema_version":99}\n{"end":true}\n'],
    ['a row before any table', '{"schema_version":3}\n{"row":[1]}\n{"end":true}\n'],
    [
      'a table of the base class',
      '{"schema_version":3}\n{"table":"biplane_lifecycle","columns":["held"]}\n{"end":true}\n',
    ],
    ['an unknown table', '{"schema_version":3}\n{"table":"x","columns":["a"]}\n{"end":true}\n'],
    ['a statement', '{"schema_version":3}\n{"table":"x","sql":"DROP TABLE biplane_lifecycle"}\n{"end":true}\n'],
    [
      'a row that does not fit',
      '{"schema_version":3}\n{"table":"entry","columns":["id"]}\n{"row":[1,2]}\n{"end":true}\n',
    ],
    [
      'a value of no kind',
      '{"schema_version":3}\n{"table":"entry","columns":["id"]}\n{"row":[{"evil":1}]}\n{"end":true}\n',
    ],
    [
      'a name that is a statement',
      '{"schema_version":3}\n{"table":"entry","columns":["id) SELECT 1; --"]}\n{"row":[1]}\n{"end":true}\n',
    ],
  ])('[DP8] a dump with %s is refused and changes nothing', async (_what, body) => {
    const { ask } = await make()
    await ask('entries', { method: 'POST', body: 'kept' })
    expect((await ask('load', { method: 'PUT', body })).status).toBe(400)
    expect(await (await ask('entries')).json()).toEqual(['kept'])
  })

  test('[DP8] [DP4] a dump of an older release is brought up to date', async () => {
    const { ask } = await make()
    const old = '{"schema_version":1}\n{"table":"entry","columns":["id","text"]}\n{"row":[7,"old"]}\n{"end":true}\n'
    expect((await ask('load', { method: 'PUT', body: old })).status).toBe(204)
    expect(await (await ask('entries')).json()).toEqual(['old'])
    expect(JSON.stringify(await (await ask('tables')).json())).toContain('entry_by_text')
  })
})

function make(plural?: string): Promise<OwnedResource> {
  return makeResource(server, plural)
}
