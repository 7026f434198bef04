// A full disk: a file system of some megabytes in memory. Needs the right to mount one; without it the tests say so.

import { execFileSync } from 'node:child_process'
import { rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { createHash, randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { archivedRow, startAfter } from '../support/archives.ts'
import { json, makeResource, problem } from '../support/http.ts'
import { ROOT, makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

interface Wiki {
  readonly id: string
  readonly state: string
}

test('[RC1] [DP6] on a full disk every refusal is clear, reads go on, and what was begun is finished when there is room', async (context) => {
  const directory = makeTestDirectory()
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  if (!mount(directory, '5m')) return context.skip('mounting a small file system is not allowed here')
  onTestFinished(() => void execFileSync('umount', ['--lazy', directory]))
  const server = await startServer({ dataDir: join(directory, 'data') })

  // Before the disk is full: an object that the engine has to open again needs room for that.
  const [written, read] = [await createWithToken(server, 'written'), await createWithToken(server, 'read')]
  const created = [written.id, read.id]
  // The first alarm of a process opens the engine's own database of alarms; where that finds no room, the engine does not say why.
  const first = await content(server, written, {
    method: 'PUT',
    body: '<html>first',
    headers: { 'content-type': 'text/html' },
  })
  expect(first.status).toBe(204)
  let refusal: Response | undefined
  // Each wiki takes some tens of kilobytes: far fewer than 200 fill the disk.
  for (let number = 0; refusal === undefined && number < 200; number++) {
    const response = await create(server, `wiki ${number}`)
    if (response.status === 201) created.push(((await response.json()) as Wiki).id)
    else refusal = response
  }
  // Which disk fills first is chance: the object's (202, to be finished later), or the catalog's (507).
  expect([202, 507]).toContain(refusal?.status)

  const page = `<html>${randomBytes(400_000).toString('hex')}`
  const save = await content(server, written, { method: 'PUT', body: page, headers: { 'content-type': 'text/html' } })
  expect(save.status).toBe(507)
  expect(await save.text()).toContain('disk of this server is full')
  expect((await content(server, read)).status).toBe(200)

  expect(mount(directory, '64m', 'remount,')).toBe(true)
  await expect.poll(async () => (await create(server, 'after')).status, { timeout: 20_000 }).toBe(201)
  expect(
    (await content(server, written, { method: 'PUT', body: page, headers: { 'content-type': 'text/html' } })).status,
  ).toBe(204)
  await expect
    .poll(async () => (await list(server)).filter(({ state }) => state !== 'active'), { timeout: 20_000 })
    .toEqual([])
  const ids = (await list(server)).map((wiki) => wiki.id)
  for (const known of created) expect(ids).toContain(known)
  await server.stop()
})

test('[MV11] [RC1] what is loaded on a full disk is refused as that, and taken when there is room', async (context) => {
  const directory = makeTestDirectory()
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  if (!mount(directory, '10m')) return context.skip('mounting a small file system is not allowed here')
  onTestFinished(() => void execFileSync('umount', ['--lazy', directory]))
  const app = `${ROOT}test/support/apps/exact.ts`
  const source = await startServer({ app })
  const target = await startAfter(source, { app, dataDir: join(directory, 'data') })
  const { id, ask } = await makeResource(source, 'cabinets')
  const sql = `WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 12)
    INSERT INTO file SELECT randomblob(1000000) FROM row`
  expect((await ask('run', { method: 'POST', body: sql })).status).toBe(200)
  const account = source.secrets.defaultAccount
  const whole = new Uint8Array(await (await source.fetch(`/v1/cabinets/${id}/archive`)).arrayBuffer())
  const dump = await (await ask('dump')).arrayBuffer()

  // Into one that nobody sees yet, page by page.
  const sha256 = createHash('sha256').update(whole).digest('hex')
  const archive = 'a'.repeat(64)
  const rows = json('POST', { archive, rows: [archivedRow(id, account)] })
  expect((await target.fetch(`/v1/cabinets/import?account=${account}`, rows)).status).toBe(200)
  const path = `/v1/cabinets/${id}/archive?${new URLSearchParams({ account, archive, sha256, bytes: String(whole.length) })}`
  await expectFull(await target.fetch(path, { method: 'PUT', body: whole }))
  expect(mount(directory, '80m', 'remount,')).toBe(true)
  await expect.poll(async () => (await target.fetch(path, { method: 'PUT', body: whole })).status).toBe(200)

  // And into one that is served, in one transaction.
  const served = await makeResource(target, 'cabinets')
  const load = async (): Promise<Response> => served.ask('load', { method: 'PUT', body: dump })
  expect(mount(directory, `${usedMegabytes(directory) + 8}m`, 'remount,')).toBe(true)
  await expectFull(await load())
  expect(mount(directory, '200m', 'remount,')).toBe(true)
  await expect.poll(async () => (await load()).status).toBe(204)
})

async function expectFull(answer: Response): Promise<void> {
  expect([answer.status, (await problem(answer)).detail]).toEqual([507, expect.stringContaining('disk of this server')])
}

function usedMegabytes(directory: string): number {
  const { blocks, bfree, bsize } = statfsSync(directory)
  return Math.ceil(((blocks - bfree) * bsize) / 1024 ** 2)
}

function mount(directory: string, size: string, remount = ''): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `${remount}size=${size}`, 'tmpfs', directory], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function create(server: TestServer, name: string): Promise<Response> {
  return server.fetch('/v1/wikis', { method: 'POST', body: JSON.stringify({ name }) })
}

async function list(server: TestServer): Promise<Wiki[]> {
  return ((await (await server.fetch('/v1/wikis?limit=200')).json()) as { data: Wiki[] }).data
}

interface Held {
  readonly id: string
  readonly token: string
}

async function createWithToken(server: TestServer, name: string): Promise<Held> {
  const { id } = (await (await create(server, name)).json()) as Wiki
  const minted = await server.fetch(`/v1/wikis/${id}/tokens`, { method: 'POST', body: '{"permission":"write"}' })
  const { token } = (await minted.json()) as { token: string }
  return { id, token }
}

function content(server: TestServer, { id, token }: Held, init: RequestInit = {}): Promise<Response> {
  const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` }
  return server.fetch(`/wikis/${id}/`, { ...init, headers })
}
