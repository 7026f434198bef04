// From one deployment to another machine, and on to a third: the same identifiers, the same content, the same keys.

import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from 'biplane/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { makeAccount, type TestAccount } from '../support/accounts.ts'
import { ARCHIVE_APP } from '../support/apps.ts'
import { cliOf, contentDigest, startAfter } from '../support/archives.ts'
import { content, json, mintToken, problem } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'
import { SOON } from '../support/tenant.ts'

const HOUR_MS = 3_600_000
const OPTIONS = { app: ARCHIVE_APP, timers: { deleteRetentionMs: HOUR_MS, tombstoneRetentionMs: HOUR_MS } }
/** More than one record of an archive. */
const LONG = 'x'.repeat(1_500_000)

let folder: string
let first: TestServer
let second: TestServer
let third: TestServer
let owner: TestAccount
let suspended: TestAccount
/** Of whom each is, and what it is called in paths. */
const kept: { readonly plural: string; readonly id: string; readonly account: string }[] = []
const ids = { page: '', tiddlers: '', cask: '', vat: '', deleted: '', purged: '', asleep: '' }
let before: ReadonlyMap<string, unknown>

beforeAll(async () => {
  folder = makeTestDirectory()
  first = await startServer(OPTIONS)
  await fill()
  before = await seenIn(first)
  second = await startAfter(first, OPTIONS)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('[AR1] [AR8] [AR12] an export is one file, readable by its owner alone, that verifies offline and is never overwritten', async () => {
  const { code, stdout, stderr } = await cliOf(first, 'export', '--out', join(folder, 'first'), '--json')
  expect([code, stderr.includes('8 resources')]).toEqual([0, true])
  // Two accounts; seven resources, one of which is purged.
  expect(JSON.parse(stdout)).toMatchObject({ rows: 9, contents: 8, skipped: 0 })
  expect(statSync(join(folder, 'first')).mode & 0o777).toBe(0o600)
  const verified = await cliOf(first, 'archive', 'verify', join(folder, 'first'))
  expect(verified.code).toBe(0)
  expect(JSON.parse(verified.stdout)).toMatchObject({
    deployment: first.secrets.deployment,
    counts: {
      account: { live: 2, deleted: 0, purged: 0 },
      cask: { live: 1, deleted: 1, purged: 1 },
      vat: { live: 2 },
      wiki: { live: 2 },
    },
  })
  const again = await cliOf(first, 'export', '--out', join(folder, 'first'))
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('never overwritten')])
})

describe('imported into another deployment', () => {
  test('[AR2] everything is there under the same identifiers, with the same content', async () => {
    const { code, stdout, stderr } = await cliOf(second, 'import', join(folder, 'first'), '--json')
    expect([code, stderr.includes('verify')]).toEqual([0, true])
    expect(JSON.parse(stdout)).toEqual({ imported: 8, known_already: 1, skipped: 0, failed: 0 })
    expect(await seenIn(second)).toEqual(before)
    // At the address that it had, by whoever comes.
    expect(await (await content(second, `/casks/${ids.cask}/`)).json()).toMatchObject({ text: LONG, number: 2 })
  })

  test('[AR2] [AR9] keys of accounts are as good as where they were made, and what is made anew has a tag of its own', async () => {
    const ask = (path: string, init?: RequestInit): Promise<Response> => content(second, path, owner.key.key, init)
    expect(await (await ask('/v1/session')).json()).toMatchObject({ account: owner.id, role: 'admin' })
    // Names that came are taken.
    expect((await ask('/v1/vats', json('POST', { name: 'Vat' }))).status).toBe(409)
    const made = await ask('/v1/vats', json('POST', { name: 'made here' }))
    expect(made.status).toBe(201)
    const { id } = (await made.json()) as ResourceJson
    const { data } = (await (await ask('/v1/vats')).json()) as { data: ResourceJson[] }
    expect(data.map((each) => each.id)).toEqual([ids.vat, id])
    // The limit counts what came.
    expect((await problem(await ask('/v1/vats', json('POST', {})))).code).toBe('quota_exceeded')
    expect((await ask(`/v1/vats/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)
    expect((await content(first, '/v1/vats', owner.key.key)).status).toBe(200)
  })

  test('[AR2] a suspended account is suspended, with what it owns', async () => {
    const answer = await content(second, '/v1/session', suspended.key.key)
    expect([answer.status, (await problem(answer)).code]).toEqual([403, 'suspended'])
    await expect
      .poll(async () => (await row(second, 'vats', ids.asleep, suspended.id)).state, { timeout: 5_000 })
      .toBe('suspended')
  })

  test('[AR2] what was purged is known as such: a tombstone holds its place', async () => {
    const of = `?account=${first.secrets.defaultAccount}`
    const inspected = await second.fetch(`/v1/casks/${ids.purged}/inspect${of}`)
    expect(await inspected.json()).toMatchObject({
      resource: { state: 'deleted' },
      object: { kind: 'tombstone', tombstone: { id: ids.purged } },
    })
    expect((await content(second, `/casks/${ids.purged}/`)).status).toBe(410)
    expect((await second.fetch(`/v1/casks/${ids.purged}/restore${of}`, json('POST', {}))).status).toBe(410)
    expect((await second.fetch(`/v1/casks/${ids.purged}/archive${of}`)).status).toBe(410)
  })

  test("[AR11] the first deployment's own account is one of the operator's", async () => {
    const { defaultAccount } = first.secrets
    const { own_accounts: own } = (await (await second.fetch('/v1/session')).json()) as { own_accounts: string[] }
    expect(own).toEqual([second.secrets.defaultAccount, defaultAccount])
    // Over all accounts, also where each has a shard of its own.
    for (const [plural, expected] of [
      ['casks', [ids.cask]],
      ['vats', [ids.asleep, ids.vat].toSorted()],
      ['wikis', [ids.page, ids.tiddlers].toSorted()],
    ] as const) {
      expect([plural, (await everywhere(plural)).toSorted()]).toEqual([plural, expected])
    }
    const made = await second.fetch(`/v1/vats?account=${defaultAccount}`, json('POST', { name: 'of the former' }))
    expect(made.status).toBe(201)
    const { id } = (await made.json()) as ResourceJson
    expect(await everywhere('vats')).toContain(id)
    expect((await second.fetch(`/v1/accounts/${defaultAccount}/keys`, json('POST', {}))).status).toBe(400)
    expect(
      (await second.fetch(`/v1/vats/${id}?account=${defaultAccount}&purge=true`, { method: 'DELETE' })).status,
    ).toBe(200)
  })

  test('[AR3] [AR5] again it changes nothing; what is here and came from elsewhere is in the way', async () => {
    const again = await cliOf(second, 'import', join(folder, 'first'), '--json')
    expect([again.code, JSON.parse(again.stdout)]).toEqual([
      0,
      { imported: 0, known_already: 9, skipped: 0, failed: 0 },
    ])
    const home = await cliOf(first, 'import', join(folder, 'first'))
    expect(home.code).toBe(1)
    expect(home.stderr).toContain(`In the way: ${ids.cask}: This deployment has a resource with this identifier.`)
    expect(home.stderr).toContain('nothing was changed')
    expect(await seenIn(first)).toEqual(before)
  })

  test('[AR3] with `--on-conflict skip` the others come in, and the exit code says that some did not', async () => {
    const { id } = await makeOne(first, 'casks', { name: 'Late' })
    expect((await cliOf(first, 'export', '--out', join(folder, 'late'), '--type', 'cask')).code).toBe(0)
    const dry = await cliOf(second, 'import', join(folder, 'late'), '--dry-run', '--on-conflict', 'skip', '--json')
    expect([dry.code, JSON.parse(dry.stdout)]).toEqual([0, expect.objectContaining({ rows: 6, conflicts: 5 })])
    expect((await second.fetch(`/v1/casks/${id}?account=${first.secrets.defaultAccount}`)).status).toBe(404)
    const skipped = await cliOf(second, 'import', join(folder, 'late'), '--on-conflict', 'skip', '--json')
    expect([skipped.code, JSON.parse(skipped.stdout)]).toEqual([
      1,
      { imported: 1, known_already: 0, skipped: 5, failed: 0 },
    ])
    expect((await row(second, 'casks', id, first.secrets.defaultAccount)).name).toBe('Late')
    await first.fetch(`/v1/casks/${id}?purge=true`, { method: 'DELETE' })
    await second.fetch(`/v1/casks/${id}?account=${first.secrets.defaultAccount}&purge=true`, { method: 'DELETE' })
  })
})

test('[AR2] [AR7] and back: a third deployment has it all from the second, and restores what was deleted in the first', async () => {
  expect((await cliOf(second, 'export', '--out', join(folder, 'second'))).code).toBe(0)
  third = await startAfter(second, OPTIONS)
  const { code, stderr } = await cliOf(third, 'import', join(folder, 'second'))
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('In the way')])
  expect(await seenIn(third)).toEqual(before)
  expect(await (await content(third, '/v1/session', owner.key.key)).json()).toMatchObject({ account: owner.id })
  const { defaultAccount } = first.secrets
  const restored = await third.fetch(`/v1/casks/${ids.deleted}/restore?account=${defaultAccount}`, json('POST', {}))
  expect(await restored.json()).toMatchObject({ name: 'Deleted', state: 'active' })
  const { token } = (await (
    await third.fetch(`/v1/casks/${ids.deleted}/tokens?account=${defaultAccount}`, json('POST', {}))
  ).json()) as { token: string }
  expect(await (await content(third, `/casks/${ids.deleted}/`, token)).json()).toMatchObject({ text: 'kept' })
  // A life goes on: a change is a newer version than any that the object had anywhere.
  const path = `/v1/casks/${ids.deleted}?account=${defaultAccount}`
  expect((await third.fetch(path, json('PATCH', { mode: 'read_only' }))).status).toBe(200)
  expect((await content(third, `/casks/${ids.deleted}/`, token, { method: 'PUT', body: 'new' })).status).toBe(403)
})

test("[AR10] an admin exports what is his account's, one resource or all; nobody but the operator imports", async () => {
  const cli = (...args: string[]): ReturnType<typeof cliOf> =>
    cliOf(first, ...args, '--url', first.url, '--key', owner.key.key)
  const one = await cli('export', ids.vat, '--out', join(folder, 'one'), '--json')
  expect([one.code, JSON.parse(one.stdout)]).toEqual([0, expect.objectContaining({ rows: 1, contents: 1 })])
  const all = await cli('export', '--out', join(folder, 'all'), '--json')
  expect([all.code, JSON.parse(all.stdout)]).toEqual([0, expect.objectContaining({ rows: 1, contents: 1 })])
  const refused = await cli('import', join(folder, 'one'))
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('only the operator')])
  const theirs = await cli('export', ids.cask, '--out', join(folder, 'theirs'))
  expect([theirs.code, theirs.stderr]).toEqual([1, expect.stringContaining('not_found')])
  expect((await content(first, `/v1/accounts/${owner.id}/archive`, owner.key.key)).status).toBe(403)
  // The operator's export of an account has its row, too, so that it can be taken over whole.
  const account = await cliOf(first, 'export', '--account', owner.id, '--out', join(folder, 'account'), '--json')
  expect([account.code, JSON.parse(account.stdout)]).toEqual([0, expect.objectContaining({ rows: 2, contents: 2 })])
  const byId = await cliOf(first, 'export', owner.id, '--out', join(folder, 'by-id'), '--json')
  expect([byId.code, JSON.parse(byId.stdout)]).toEqual([0, expect.objectContaining({ rows: 2, contents: 2 })])
  const { defaultAccount } = first.secrets
  const own = await cliOf(first, 'export', defaultAccount, '--type', 'cask', '--out', join(folder, 'own'), '--json')
  expect([own.code, JSON.parse(own.stdout)]).toEqual([0, expect.objectContaining({ rows: 4, contents: 2 })])
  const both = await cliOf(first, 'export', owner.id, '--account', suspended.id, '--out', join(folder, 'both'))
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('two accounts')])
})

async function fill(): Promise<void> {
  const limits = { vat: { resources: 2 }, cask: { resources: 10 } }
  owner = await makeAccount(first, { name: 'Owner', settings: { limits } })
  suspended = await makeAccount(first, { name: 'Asleep' })
  ids.page = (await makeOne(first, 'wikis', { name: 'Pages' })).id
  const html = { 'content-type': 'text/html;charset=UTF-8' }
  await save('wikis', ids.page, `<!doctype html><html><body>${LONG}</body></html>`, html)
  ids.tiddlers = (await makeOne(first, 'wikis', { name: 'Tiddlers', params: { storage: 'tiddlers' } })).id
  const tiddler = JSON.stringify({ title: 'One', text: 'of many' })
  await save('wikis', ids.tiddlers, tiddler, { 'content-type': 'application/json' }, 'recipes/default/tiddlers/One')
  ids.cask = (
    await makeOne(first, 'casks', {
      name: 'Cask',
      labels: { team: 'blue' },
      metadata: { note: 'dry' },
      settings: { proof: 40 },
      visibility: 'public-read',
      allowed_origins: ['https://app.example'],
      delete_protection: true,
    })
  ).id
  await save('casks', ids.cask, LONG)
  ids.vat = await madeBy(owner, 'vats', { name: 'Vat' })
  ids.deleted = (await makeOne(first, 'casks', { name: 'Deleted' })).id
  await save('casks', ids.deleted, 'kept')
  await first.fetch(`/v1/casks/${ids.deleted}`, { method: 'DELETE' })
  ids.purged = (await makeOne(first, 'casks', { name: 'Purged' })).id
  await first.fetch(`/v1/casks/${ids.purged}?purge=true`, { method: 'DELETE' })
  ids.asleep = await madeBy(suspended, 'vats', { name: 'Asleep' })
  await first.fetch(`/v1/accounts/${suspended.id}`, json('PATCH', { mode: 'suspended' }))
  await vi.waitFor(
    async () => expect((await row(first, 'vats', ids.asleep, suspended.id)).state).toBe('suspended'),
    5_000,
  )
  const own = first.secrets.defaultAccount
  kept.push(
    { plural: 'wikis', id: ids.page, account: own },
    { plural: 'wikis', id: ids.tiddlers, account: own },
    { plural: 'casks', id: ids.cask, account: own },
    { plural: 'casks', id: ids.deleted, account: own },
    { plural: 'vats', id: ids.vat, account: owner.id },
    { plural: 'vats', id: ids.asleep, account: suspended.id },
  )
}

/** Over all accounts of the second deployment, page by page. */
async function everywhere(plural: string): Promise<string[]> {
  const client = createClient({ baseUrl: second.url, key: second.operatorKey, account: '-' })
  return (await client.resources(plural).list().all()).map(({ id }) => id)
}

async function makeOne(server: TestServer, plural: string, body: object): Promise<ResourceJson> {
  const response = await server.fetch(`/v1/${plural}`, json('POST', body))
  expect(response.status).toBe(201)
  return (await response.json()) as ResourceJson
}

async function madeBy({ ask }: TestAccount, plural: string, body: object): Promise<string> {
  return ((await (await ask(`/v1/${plural}`, json('POST', body))).json()) as ResourceJson).id
}

async function save(plural: string, id: string, body: string, headers = {}, path = ''): Promise<void> {
  const { token } = await mintToken(first, plural, id)
  const response = await content(first, `/${plural}/${id}/${path}`, token, { method: 'PUT', body, headers })
  expect([path, response.ok]).toEqual([path, true])
}

async function row(server: TestServer, plural: string, id: string, account: string): Promise<ResourceJson> {
  return (await (await server.fetch(`/v1/${plural}/${id}?account=${account}`)).json()) as ResourceJson
}

/** Every resource as a client sees it, but for what must differ, and the digest of its content. */
async function seenIn(server: TestServer): Promise<ReadonlyMap<string, unknown>> {
  const seen = new Map<string, unknown>()
  for (const { plural, id, account } of kept) {
    // What was changed last may not be told yet.
    const { url, etag, usage, purge_time, ...rest } = await vi.waitFor(async () => {
      const { desired_version: desired, applied_version: applied, ...current } = await row(server, plural, id, account)
      expect(applied).toBe(desired)
      return current
    }, SOON)
    expect(url.endsWith(`/${plural}/${id}/`)).toBe(true)
    expect([etag, usage?.bytes === 0]).toEqual([expect.stringMatching(/^"\d+"$/), false])
    const digest = await contentDigest(server, plural, id, account)
    seen.set(id, { ...rest, isRestorable: purge_time !== undefined, digest })
  }
  return seen
}
