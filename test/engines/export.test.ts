// An export while what it is of changes, cannot be read, or goes away.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rowPages } from '../../src/cli/archive/pages.ts'
import { ArchiveReader } from '../../src/cli/archive/reader.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { EXPORTED_APP } from '../support/apps.ts'
import { cliOf, contentDigest, startAfter } from '../support/archives.ts'
import { json, makeResource, type OwnedResource } from '../support/http.ts'
import { CLI, makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

/** Longer than all attempts for one resource. */
const PATIENT_MS = 60_000

let folder: string
let source: TestServer

beforeAll(async () => {
  folder = makeTestDirectory()
  source = await startServer({ app: EXPORTED_APP })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('[AR14] what is made private and then written, before its content is read or while it is, is private in the archive', async () => {
  const [during, after] = [await makeResource(source, 'casks'), await makeResource(source, 'casks')]
  for (const { id } of [during, after]) await change(id, { visibility: 'public-read' })
  await during.ask('hold', { method: 'PUT' })
  const archive = join(folder, 'private')
  const exporting = cliOf(source, 'export', '--type', 'cask', '--out', archive, '--json')
  await during.ask('dumping')
  for (const { id, ask } of [during, after]) {
    await change(id, { visibility: 'private' })
    expect((await ask('', { method: 'PUT', body: 'secret' })).status).toBe(204)
  }
  await during.ask('release', { method: 'POST' })
  const { code, stdout } = await exporting
  expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ rows: 2, contents: 2, skipped: 0 })])
  expect(await visibilities(archive)).toEqual(
    new Map([
      [during.id, 'private'],
      [after.id, 'private'],
    ]),
  )
  const target = await startAfter(source, { app: EXPORTED_APP })
  expect((await cliOf(target, 'import', archive)).code).toBe(0)
  const { defaultAccount } = source.secrets
  for (const { id } of [during, after]) {
    const digests = [source, target].map((server) => contentDigest(server, 'casks', id, defaultAccount))
    expect(await digests[1]).toBe(await digests[0])
    const row = await target.fetch(`/v1/casks/${id}?account=${defaultAccount}`)
    expect(await row.json()).toMatchObject({ visibility: 'private', state: 'active' })
  }
})

test(
  '[AR14] what was deleted for good meanwhile is a tombstone, and what cannot be had is left out with the reason',
  async () => {
    const [riddle, spring] = [await makeResource(source, 'riddles'), await makeResource(source, 'springs')]
    const [held, purged] = [await makeResource(source, 'casks'), await makeResource(source, 'casks')]
    await held.ask('hold', { method: 'PUT' })
    const everything = cliOf(source, 'export', '--out', join(folder, 'everything'), '--json')
    await held.ask('dumping')
    await source.fetch(`/v1/casks/${purged.id}?purge=true`, { method: 'DELETE' })
    // Made after its page was read: the other export does not meet it.
    const changing = await makeResource(source, 'casks')
    await held.ask('release', { method: 'POST' })
    const restless = changedAtEveryAttempt(changing, () =>
      cliOf(source, 'export', changing.id, '--out', join(folder, 'one')),
    )

    const { code, stdout, stderr } = await everything
    expect([code, stderr]).toEqual([1, expect.stringContaining('2 left out')])
    expect(stderr).toContain(`Not exported: ${riddle.id}: Nobody reads a riddle out.`)
    expect(stderr).toMatch(new RegExp(`Not exported: ${spring.id}: There was no whole answer from .*make it read-only`))
    expect(stderr).not.toContain('    at ')
    expect(JSON.parse(stdout)).toMatchObject({ skipped: 2 })
    const verified = await cliOf(source, 'archive', 'verify', join(folder, 'everything'))
    expect([verified.code, JSON.parse(verified.stdout)]).toEqual([
      0,
      expect.objectContaining({ counts: { cask: { live: 3, deleted: 0, purged: 1 } } }),
    ])

    const one = await restless
    expect(one.code).toBe(1)
    expect(one.stderr).toContain(`Not exported: ${changing.id}: It was changed at every attempt`)
    expect(await visibilities(join(folder, 'one'))).toEqual(new Map())
  },
  PATIENT_MS,
)

test.each(['SIGINT', 'SIGTERM'] as const)('[AR8] of an export that is ended by %s nothing is left', async (signal) => {
  const cask = await makeResource(source, 'casks')
  await cask.ask('hold', { method: 'PUT' })
  const command = spawn(process.execPath, [CLI, 'export', cask.id, '--out', join(folder, signal)], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', BIPLANE_DATA: source.dataDir },
  })
  await cask.ask('dumping')
  expect(parts()).toHaveLength(1)
  command.kill(signal)
  expect(await once(command, 'close')).toEqual([null, signal])
  expect([parts(), existsSync(join(folder, signal))]).toEqual([[], false])
  await cask.ask('release', { method: 'POST' })
})

test(
  '[AR8] of a server that dies meanwhile there is no archive, and nothing else is left',
  async () => {
    const cask = await makeResource(source, 'casks')
    await cask.ask('hold', { method: 'PUT' })
    const exporting = cliOf(source, 'export', cask.id, '--out', join(folder, 'dead'))
    await cask.ask('dumping')
    await source.kill9()
    const { code, stderr } = await exporting
    expect([code, stderr]).toEqual([1, expect.stringContaining('There was no whole answer')])
    expect(stderr).not.toContain('    at ')
    expect(existsSync(join(folder, 'dead'))).toBe(false)
    expect(parts()).toEqual([])
  },
  PATIENT_MS,
)

/** Each time that it is read out, it is renamed before that ends. */
async function changedAtEveryAttempt<T>({ id, ask }: OwnedResource, begin: () => Promise<T>): Promise<T> {
  await ask('hold', { method: 'PUT' })
  let isOver = false
  const ended = begin().finally(() => (isOver = true))
  for (let count = 0; ; count++) {
    await Promise.race([ask('dumping'), ended])
    if (isOver) return ended
    await change(id, { name: `name ${count}` })
    await ask('next', { method: 'POST' })
  }
}

function parts(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.part'))
}

async function change(id: string, changes: object): Promise<void> {
  const response = await source.fetch(`/v1/casks/${id}`, json('PATCH', changes))
  expect([response.status, ((await response.json()) as ResourceJson).id]).toEqual([200, id])
}

async function visibilities(archive: string): Promise<ReadonlyMap<string, unknown>> {
  const reader = await ArchiveReader.open(archive)
  const found = new Map<string, unknown>()
  for await (const { rows } of rowPages(reader)) for (const row of rows) found.set(row.id, row['visibility'])
  await reader.close()
  return found
}
