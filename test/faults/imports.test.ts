// An import that something breaks off: the server's processes killed at its points, or the command itself. It goes on, by itself or by the
// same command.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ARCHIVE_APP } from '../support/apps.ts'
import { cliOf, contentDigest, startAfter } from '../support/archives.ts'
import { create, mintToken } from '../support/http.ts'
import { CLI, makeTestDirectory, startServer, type TestServer } from '../support/server.ts'
import { save } from './casks.ts'
import { POINTS } from './points.ts'

const COUNT = 60
/** As much as a creation may bring. */
const LONG = 'y'.repeat(60_000)

let folder: string
let source: TestServer
let target: TestServer
/** Of each point one cask. */
const casks: string[] = []

const CASES = [
  ['import.recorded', 'control'],
  ['object.restore.begun', 'data'],
  ['object.restore.loaded', 'data'],
  ['import.closed', 'control'],
] as const

beforeAll(async () => {
  folder = makeTestDirectory()
  source = await startServer({ app: ARCHIVE_APP })
  for (const [index] of CASES.entries()) {
    const { id } = await create(source, 'casks', { name: `cask ${index}` })
    await save(source, id, (await mintToken(source, 'casks', id)).token, `${LONG}${index}`)
    casks.push(id)
  }
  target = await startAfter(source, { app: ARCHIVE_APP, faults: true })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('[AR5] these are the points of an import', () => {
  expect([...new Set(CASES.map(([point]) => point))]).toEqual(POINTS.import)
})

test.each(CASES)('[AR5] killed at %s, the %s process: the command waits for it, and goes on', async (point, victim) => {
  const id = casks[CASES.findIndex((each) => each[0] === point && each[1] === victim)] ?? ''
  const archive = join(folder, `${point}-${victim}`)
  expect((await cliOf(source, 'export', id, '--out', archive)).code).toBe(0)
  target.armFault(point, victim)
  const { code, stdout, stderr } = await cliOf(target, 'import', archive, '--json')
  expect([code, stderr]).toEqual([0, expect.any(String)])
  await target.faultHit(point)
  expect(JSON.parse(stdout)).toMatchObject({ skipped: 0, failed: 0 })
  await expectSame([id])
})

test('[AR5] [AR4] the command killed in the middle: the same again brings the rest, and sends nothing twice', async () => {
  const { defaultAccount } = source.secrets
  const ids = await Promise.all(
    Array.from({ length: COUNT }, async () => (await create(source, 'vats', { params: { text: LONG } })).id),
  )
  const archive = join(folder, 'many')
  expect((await cliOf(source, 'export', '--type', 'vat', '--out', archive)).code).toBe(0)
  const command = spawn(process.execPath, [CLI, 'import', archive], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', BIPLANE_DATA: target.dataDir },
  })
  let said = ''
  for await (const chunk of command.stderr) {
    said += String(chunk)
    if (/import [1-9]\d*\//.test(said)) break
  }
  command.kill('SIGKILL')
  await once(command, 'close')
  const states = async (): Promise<string[]> => {
    const rows = await Promise.all(ids.map((id) => target.fetch(`/v1/vats/${id}?account=${defaultAccount}`)))
    return Promise.all(rows.map(async (row) => (row.ok ? ((await row.json()) as { state: string }).state : 'absent')))
  }
  const before = await states()
  expect(new Set(before).size, `some and not all: ${said}`).toBeGreaterThan(1)
  const again = await cliOf(target, 'import', archive, '--json')
  const report = JSON.parse(again.stdout) as { imported: number; known_already: number }
  expect(report).toMatchObject({ skipped: 0, failed: 0 })
  expect(report.imported + report.known_already).toBe(COUNT)
  // What was served before was not sent again; one may have come to its end just before it was asked.
  expect(report.known_already).toBeGreaterThanOrEqual(before.filter((state) => state === 'active').length)
  expect(new Set(await states())).toEqual(new Set(['active']))
  await expectSame(ids.slice(-3), 'vats')
})

test('[AR15] an import that a later archive has overtaken ends without it, however late it comes', async () => {
  const { id } = await create(source, 'casks', { name: 'overtaken' })
  const { token } = await mintToken(source, 'casks', id)
  const [older, newer] = [join(folder, 'older'), join(folder, 'newer')]
  await save(source, id, token, `${LONG}older`)
  expect((await cliOf(source, 'export', id, '--out', older)).code).toBe(0)
  await save(source, id, token, 'newer')
  expect((await cliOf(source, 'export', id, '--out', newer)).code).toBe(0)

  const { faults } = target
  if (faults === undefined) throw new TypeError('the target has no faults')
  const release = faults.hold('object.restore.begun')
  const begun = faults.hits('object.restore.begun')
  const late = cliOf(target, 'import', older)
  await faults.hit('object.restore.begun', begun + 1)
  const recorded = faults.hits('import.recorded')
  const taken = cliOf(target, 'import', newer, '--json')
  await faults.hit('import.recorded', recorded + 1)
  release()
  const { code, stdout } = await taken
  expect([code, JSON.parse(stdout)]).toEqual([0, { imported: 1, known_already: 0, skipped: 0, failed: 0 }])
  const overtaken = await late
  expect([overtaken.code, overtaken.stderr]).toEqual([
    1,
    expect.stringMatching(/taken it over|resource with this identifier/),
  ])
  await expectSame([id])
})

async function expectSame(ids: readonly string[], plural = 'casks'): Promise<void> {
  for (const id of ids) {
    const { defaultAccount } = source.secrets
    const [there, here] = [source, target].map((server) => contentDigest(server, plural, id, defaultAccount))
    expect(await here).toBe(await there)
    const row = await target.fetch(`/v1/${plural}/${id}?account=${defaultAccount}`)
    expect(await row.json()).toMatchObject({ state: 'active' })
  }
}
