// The forms in which content was ever written: each is still taken, and comes out as the one of today, to the byte. A fixture is called
// TYPE-FORM.TYPE_FORM.SCHEMA_VERSION.jsonl, as its first line says; all of a type have the same content. When one fails, equal content
// is written otherwise than before: raise the number in data-plane/envelope.ts, or that of the wiki's own form, and record it beside the others:
//
//     BIPLANE_RECORD_DUMPS=1 npx vitest run test/moving/forms.test.ts
//
// A fixture is never replaced. Archives have what is in it.

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { FORM } from '../../src/data-plane/envelope.ts'
import { makeResource } from '../support/http.ts'
import { Imports } from '../support/imports.ts'
import { ROOT, startServer, type TestServer } from '../support/server.ts'
import { CELLS_FILE, beginMove, ended, inspect } from './movers.ts'

const DUMPS = `${ROOT}test/fixtures/dumps`
const RAISE = 'equal content is written otherwise: raise the number of its form'
const IS_RECORDING = process.env['BIPLANE_RECORD_DUMPS'] !== undefined

let server: TestServer
let imports: Imports
beforeAll(async () => {
  server = await startServer({
    app: `${ROOT}test/support/apps/exact.ts`,
    args: ['--cell', 'local', '--cells-file', CELLS_FILE],
  })
  imports = new Imports(server)
})

describe.each([
  ['cabinet', 'cabinets'],
  ['wiki', 'wikis'],
])('what was written of a %s', (type, plural) => {
  const fixtures = readdirSync(DUMPS).filter((name) => name.startsWith(`${type}-`))

  test.each(fixtures)('[AR13] [MV11] is taken, and comes out in the form of this release: %s', async (name) => {
    const fixture = readFileSync(`${DUMPS}/${name}`)
    expect(name).toBe(`${type}-${formOf(fixture.toString())}.jsonl`)
    const id = await imports.issued(type)
    expect((await imports.importRows(plural, [imports.rowOf(id)])).status).toBe(200)
    const { status, text } = await answerOf(imports.load(plural, id, fixture))
    expect([status, text], RAISE).toEqual([200, expect.any(String)])
    const now = await contentOf(plural, id)
    const today = `${DUMPS}/${type}-${formOf(now)}.jsonl`
    if (IS_RECORDING && !existsSync(today)) writeFileSync(today, now, { flag: 'wx' })
    expect(existsSync(today), `${today} is not recorded`).toBe(true)
    expect(now, RAISE).toBe(readFileSync(today, 'utf8'))
  })

  test('[AR13] has a fixture of each form of the copy that there ever was, to this one', () => {
    const forms = new Set(fixtures.map((name) => Number(/-(\d+)\./.exec(name)?.[1])))
    expect([...forms].toSorted((a, b) => a - b)).toEqual(Array.from({ length: FORM }, (_, index) => index + 1))
  })
})

test.each([
  ['newer', 1, 'invalid_request'],
  ['older', 3, 'unavailable'],
])('[MV7] from a %s release to the other, a move fails and it stays', async (_which, there, code) => {
  const { ask: set } = await makeResource(server, 'versed')
  expect((await set('form?is=2', { method: 'PUT' })).status).toBe(204)
  const { id, ask } = await makeResource(server, 'versed')
  expect((await set(`form?is=${there}`, { method: 'PUT' })).status).toBe(204)
  const { id: operation } = await beginMove(server, 'versed', id, 'other')
  expect(await ended(server, operation)).toMatchObject({ state: 'failed', error: { code } })
  await expect.poll(async () => (await ask('run', { method: 'POST', body: 'SELECT 1' })).status).toBe(200)
  expect((await inspect(server, 'versed', id)).resource).toMatchObject({ cell: 'local', state: 'active' })
})

async function contentOf(plural: string, id: string): Promise<string> {
  return (await answerOf(server.fetch(`/v1/${plural}/${id}/archive`))).text
}

async function answerOf(asked: Promise<Response>): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await asked
  return { status: answer.status, text: await answer.text() }
}

/** As the first line of content says. */
function formOf(content: string): string {
  const head = JSON.parse(content.slice(0, content.indexOf('\n'))) as Readonly<Record<string, number>>
  return [head['form'], head['type_form'], head['schema_version']].join('.')
}
