// What is in the way of an import, which is known before anything is changed; and what is not, since nobody was ever served by it.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccount, type TestAccount } from '../support/accounts.ts'
import { ARCHIVE_APP } from '../support/apps.ts'
import { ARCHIVE_TIME as TIME, cliOf } from '../support/archives.ts'
import { content, problem } from '../support/http.ts'
import { ARCHIVE, EMPTY_CASK, Imports, archiveOf } from '../support/imports.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

const OTHER = 'b'.repeat(64)

let folder: string
let server: TestServer
let imports: Imports
let owner: TestAccount

beforeAll(async () => {
  folder = makeTestDirectory()
  server = await startServer({ app: ARCHIVE_APP, timers: { deleteRetentionMs: 3_600_000 } })
  imports = new Imports(server)
  owner = await makeAccount(server)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each<[what: string, rows: () => Promise<object[]>]>([
  [
    'two of one name',
    async () => [
      { ...imports.rowOf(await imports.issued('cask')), name: 'Same' },
      { ...imports.rowOf(await imports.issued('cask')), name: 'SAME' },
    ],
  ],
  [
    'what belongs to an account that is nowhere',
    async () => [
      imports.rowOf(await imports.issued('cask')),
      { ...imports.rowOf(await imports.issued('cask')), account: await imports.issued('account') },
    ],
  ],
])('[AR3] an archive with %s changes nothing, or brings the others', async (_, make) => {
  const rows = await make()
  const path = join(folder, 'foreseen')
  writeFileSync(path, archiveOf(rows as { readonly id: string }[]))
  const [first, second] = rows as { id: string }[]
  const failed = await cliOf(server, 'import', path)
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining(`In the way: ${second?.id}: `)])
  expect(failed.stderr).toContain('nothing was changed')
  expect((await server.fetch(`/v1/casks/${first?.id}`)).status).toBe(404)
  const skipped = await cliOf(server, 'import', path, '--on-conflict', 'skip', '--json')
  // Their content is empty, which no cask has.
  expect([skipped.code, JSON.parse(skipped.stdout)]).toEqual([
    1,
    { imported: 0, known_already: 0, skipped: 1, failed: 1 },
  ])
  expect(await (await server.fetch(`/v1/casks/${first?.id}`)).json()).toMatchObject({ state: 'creating' })
})

test.each([ARCHIVE, OTHER])(
  '[AR4] [AR15] what is deleted before it was filled is in no import’s way',
  async (archive) => {
    const id = await imports.awaited()
    await imports.load('casks', id, EMPTY_CASK.subarray(0, 60))
    const before = await counted()
    expect(await (await server.fetch(`/v1/casks/${id}?purge=true`, { method: 'DELETE' })).json()).toMatchObject({
      state: 'deleted',
    })
    expect(await counted()).toBe(before - 1)
    expect((await content(server, `/casks/${id}/`)).status).toBe(410)
    // What still comes for it is refused.
    const late = await imports.load('casks', id, EMPTY_CASK)
    expect([late.status, (await problem(late)).code]).toEqual([410, 'deleted'])
    // It was never anybody's here: nobody else is to hear of it.
    const rows = await server.fetch(`/v1/casks/export?resource=${id}`)
    expect(await rows.json()).toMatchObject({ data: [], skipped: [] })
    for (const dryRun of [true, false]) {
      const again = await imports.importRows('casks', [imports.rowOf(id)], { archive, dry_run: dryRun })
      expect(await again.json()).toEqual({ data: [{ id, outcome: 'awaiting' }] })
    }
    expect((await imports.load('casks', id, EMPTY_CASK, undefined, { archive })).status).toBe(200)
    expect(await (await server.fetch(`/v1/casks/${id}`)).json()).toMatchObject({ state: 'active' })
    expect(await counted()).toBe(before)
  },
)

test('[AR15] what another archive has not filled is taken over by one that is not older, and by that alone', async () => {
  const id = await imports.awaited()
  await imports.load('casks', id, EMPTY_CASK.subarray(0, 60))
  const before = await counted()
  const newer = { ...imports.rowOf(id), name: 'Newer', labels: { from: 'another' }, revision: 9, version: 1 }
  expect(await outcomeOf({ ...newer, account: owner.id }, OTHER, owner.id)).toMatchObject({ outcome: 'conflict' })
  expect(await outcomeOf(newer, OTHER)).toEqual({ id, outcome: 'awaiting' })
  expect(await outcomeOf({ ...imports.rowOf(id), revision: 8 }, ARCHIVE)).toMatchObject({
    outcome: 'conflict',
    reason: expect.stringContaining('newer') as string,
  })
  const late = await imports.load('casks', id, EMPTY_CASK)
  expect([late.status, (await problem(late)).code]).toEqual([409, 'already_exists'])
  expect((await imports.load('casks', id, EMPTY_CASK, undefined, { archive: OTHER })).status).toBe(200)
  expect(await (await server.fetch(`/v1/casks/${id}`)).json()).toMatchObject({
    state: 'active',
    name: 'Newer',
    labels: { from: 'another' },
  })
  expect(await counted()).toBe(before)
  const found = await server.fetch('/v1/casks?label=from:another')
  expect(((await found.json()) as { data: { id: string }[] }).data.map((row) => row.id)).toEqual([id])
  // What is served is not taken over.
  expect(await outcomeOf({ ...newer, revision: 10 }, 'c'.repeat(64))).toMatchObject({ outcome: 'conflict' })
})

test('[AR15] what was purged since the import began is purged here, with the part of it that has come', async () => {
  const id = await imports.awaited()
  await imports.load('casks', id, EMPTY_CASK.subarray(0, 60))
  const tombstone = { ...imports.rowOf(id), state: 'purged', delete_time: TIME, revision: 9 }
  const response = await imports.importRows('casks', [tombstone], { archive: OTHER })
  expect(await response.json()).toEqual({ data: [{ id, outcome: 'complete' }] })
  await expect.poll(async () => (await content(server, `/casks/${id}/`)).status).toBe(410)
  const after = await imports.importRows('casks', [imports.rowOf(id)], { archive: 'c'.repeat(64) })
  expect(await after.json()).toMatchObject({ data: [{ id, outcome: 'conflict' }] })
})

async function outcomeOf(row: object, archive: string, account?: string): Promise<unknown> {
  const { data } = (await (await imports.importRows('casks', [row], { archive }, account)).json()) as { data: object[] }
  return data[0]
}

/** Casks that the account has, as its quota counts them. */
async function counted(): Promise<number> {
  const usage = (await (await server.fetch('/v1/usage')).json()) as { now: { cask: { resources: number } } }
  return usage.now.cask.resources
}
