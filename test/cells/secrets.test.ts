// What the cells of a deployment share, on its way from machine to machine; and what another deployment is told of it.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { rotateKeys, type Rotation } from '../../src/engine/rotate-keys.ts'

import { importSecrets } from '../../src/engine/secrets-transfer.ts'

import type { DeploymentSecrets } from '../../src/wire/deployment.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { runCli } from '../support/cli.ts'
import { content, create } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'
import { forgeToken } from '../support/tokens.ts'

function makeDirectory(): string {
  const directory = makeTestDirectory()
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function flagsOf(server: TestServer): string[] {
  return [`--data=${server.dataDir}`]
}

function kidOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid
}

async function done(server: TestServer, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli([...args, ...flagsOf(server)])
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

describe('biplane secrets', () => {
  let world: Cells<'alpha' | 'beta'>
  let alpha: TestServer
  let beta: TestServer
  beforeAll(async () => {
    world = await startCells(['alpha', 'beta'], { app: LEDGER_APP })
    ;({ alpha, beta } = world.servers)
  })
  afterAll(() => disposeCells(world))

  test('[CE15] [CE17] brings the secrets to a new machine, and new keys to one that serves', async () => {
    const directory = makeDirectory()
    const file = join(directory, 'export.json')
    expect(await runCli(['secrets', 'export', '--out', file, ...flagsOf(alpha)])).toMatchObject({ code: 0, stdout: '' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await runCli(['secrets', 'export', ...flagsOf(alpha)])).stdout).toBe(readFileSync(file, 'utf8'))

    const fresh = join(directory, 'new', 'data')
    const made = await runCli(['secrets', 'import', file, `--data=${fresh}`])
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining('the next start uses them')])
    expect(readFileSync(`${fresh}.secrets.json`, 'utf8')).toBe(readFileSync(file, 'utf8'))
    expect(statSync(`${fresh}.secrets.json`).mode & 0o777).toBe(0o600)
    const again = await runCli(['secrets', 'import', file, ...flagsOf(beta)])
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('has all of it already')])

    // A new token key: known everywhere first, then used.
    const far = await create(alpha, 'ledgers', { cell: 'beta' })
    const ask = async (): Promise<unknown> => {
      const token = await forgeToken(alpha, far.id)
      const statuses = [alpha, beta].map(async (at) => (await content(at, `/ledgers/${far.id}/entries`, token)).status)
      return [kidOf(token), ...(await Promise.all(statuses))]
    }
    expect(await ask()).toEqual(['1', 200, 200])
    expect((await runCli(['rotate-token-key', '--prepare', ...flagsOf(alpha)])).code).toBe(0)
    expect(await ask()).toEqual(['1', 200, 200])
    const spread = async (name: string): Promise<void> => {
      const newer = join(directory, name)
      const exported = await runCli(['secrets', 'export', '--out', newer, ...flagsOf(alpha)])
      const imported = await runCli(['secrets', 'import', newer, ...flagsOf(beta)])
      expect([exported.code, imported.code, imported.stdout]).toEqual([
        0,
        0,
        expect.stringContaining('running server uses them'),
      ])
    }
    await spread('prepared.json')
    expect((await runCli(['rotate-token-key', '--activate', ...flagsOf(alpha)])).code).toBe(0)
    // Before beta is told so.
    expect(await ask()).toEqual(['2', 200, 200])
    await spread('activated.json')
    expect(beta.secrets).toEqual(alpha.secrets)
  })

  test('[CE15] a key that was retired on one machine is retired on all, and no older file brings it back', async () => {
    const directory = makeDirectory()
    const [old, newer] = [join(directory, 'old.json'), join(directory, 'newer.json')]
    const far = await create(alpha, 'ledgers', { cell: 'beta' })
    const statuses = async (path: string, key: string): Promise<number[]> =>
      Promise.all([alpha, beta].map(async (at) => (await content(at, path, key)).status))
    const read = `/ledgers/${far.id}/entries`
    const [token, operator] = [await forgeToken(alpha, far.id), alpha.operatorKey]
    await done(alpha, 'secrets', 'export', '--out', old)
    await done(alpha, 'rotate-token-key')
    await done(alpha, 'rotate-operator-key')
    for (const kind of ['token', 'operator']) await done(alpha, `rotate-${kind}-key`, '--retire')
    expect((await content(beta, read, token)).status).toBe(200)
    expect(await statuses('/v1/ledgers', operator)).toEqual([401, 200])

    await done(alpha, 'secrets', 'export', '--out', newer)
    await done(beta, 'secrets', 'import', newer)
    expect(beta.secrets).toEqual(alpha.secrets)
    const after = alpha.secrets
    for (const server of [alpha, beta])
      expect(await done(server, 'secrets', 'import', old)).toMatch(/stay so[^]*has all the rest already/)
    expect([alpha.secrets, beta.secrets]).toEqual([after, after])
    expect(await statuses(read, token)).toEqual([401, 401])
    expect(await statuses('/v1/ledgers', operator)).toEqual([401, 401])
    expect(await statuses('/v1/ledgers', alpha.operatorKey)).toEqual([200, 200])
  })

  test('[CE15] an export never replaces a file, and one that fails leaves nothing behind', async () => {
    const directory = makeDirectory()
    const [kept, folder] = [join(directory, 'kept.json'), join(directory, 'folder')]
    writeFileSync(kept, 'the only copy')
    mkdirSync(folder)
    for (const [out, code, message] of [
      [kept, 2, 'is there already'],
      [folder, 2, 'is there already'],
      [join(directory, 'none', 'export.json'), 1, 'ENOENT'],
      [join(kept, 'export.json'), 1, 'ENOTDIR'],
    ] as const) {
      const refused = await runCli(['secrets', 'export', '--out', out, ...flagsOf(alpha)])
      expect(refused).toEqual({ code, stdout: '', stderr: expect.stringContaining(message) as string })
      expect(refused.stderr).toMatch(/^error: .*\n  why: .*\n  fix: .*\n$/)
    }
    expect(readFileSync(kept, 'utf8')).toBe('the only copy')
    expect(readdirSync(directory)).toEqual(['folder', 'kept.json'])
    expect(readdirSync(folder)).toEqual([])
  })

  test('[CE16] [CM2] shows another deployment what recognises this one’s identifiers, and nothing else', async () => {
    const directory = makeDirectory()
    const [file, verifying] = [join(directory, 'export.json'), join(directory, 'verify.json')]
    const other = await startServer({ app: LEDGER_APP, args: ['--cell', 'alpha'] })
    const archive = join(directory, 'archive')
    const made = await create(alpha, 'ledgers')
    expect((await runCli(['export', made.id, '--out', archive, ...flagsOf(alpha)])).code).toBe(0)
    const unknown = await runCli(['import', archive, ...flagsOf(other)])
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('biplane secrets export --verify-only')])
    expect((await runCli(['secrets', 'export', '--out', file, ...flagsOf(alpha)])).code).toBe(0)
    const refused = await runCli(['secrets', 'import', file, ...flagsOf(other)])
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('belongs to another deployment')])
    const shown = await runCli(['secrets', 'export', '--verify-only', '--out', verifying, ...flagsOf(alpha)])
    expect(shown.code).toBe(0)
    const { identifierKeys, defaultAccount, deployment } = alpha.secrets
    const keys = identifierKeys.map(({ id, key }) => ({ id, key, verifyOnly: true }))
    const expected = {
      version: 1,
      kind: 'verify-only',
      deployment,
      identifierKeys: keys,
      formerAccounts: [defaultAccount],
    }
    expect(JSON.parse(readFileSync(verifying, 'utf8'))).toEqual(expected)
    const before = other.secrets
    expect((await runCli(['secrets', 'import', verifying, ...flagsOf(other)])).code).toBe(0)
    expect(other.secrets).toEqual({
      ...before,
      identifierKeys: [...before.identifierKeys, ...keys],
      formerAccounts: [defaultAccount],
    })
    expect((await runCli(['import', archive, ...flagsOf(other)])).code).toBe(0)
    // Its own identifiers go on, though both keys have the same name.
    const own = await create(other, 'ledgers')
    const token = await forgeToken(other, own.id)
    expect((await content(other, `/ledgers/${own.id}/entries`, token)).status).toBe(200)
    const itself = await runCli(['secrets', 'import', verifying, ...flagsOf(alpha)])
    expect([itself.code, itself.stderr]).toEqual([2, expect.stringContaining('is of this very deployment')])
    const first = await runCli(['secrets', 'import', verifying, `--data=${directory}/none`])
    expect([first.code, first.stderr]).toEqual([2, expect.stringContaining("this one's own secrets come first")])
  })

  test('[CE18] a machine that was to join a deployment, and has no secrets, says that it makes a new one', async () => {
    const directory = makeDirectory()
    const cellsFile = join(directory, 'cells.json')
    writeFileSync(
      cellsFile,
      JSON.stringify({ c1: { address: 'http://127.0.0.1:9' }, c2: { address: 'http://127.0.0.1:10' } }),
    )
    const args = ['--cell', 'c1', '--cells-file', cellsFile]
    const server = await startServer({ app: LEDGER_APP, args })
    const warning = await server.logged(({ event }) => event === 'new_deployment')
    expect(warning.message).toContain('biplane secrets import')
  })

  test.each([
    ['{', 'holds no secrets'],
    ['[]', 'holds no secrets'],
    ['{"version":2,"deployment":"x","identifierKeys":[]}', 'holds no secrets'],
    [
      '{"version":1,"kind":"verify-only","deployment":"x","identifierKeys":[{"id":"1"}],"formerAccounts":[]}',
      'holds no secrets',
    ],
  ])('[CE15] what is none is refused: %s', (text, message) => {
    const file = join(makeDirectory(), 'secrets.json')
    expect(() => importSecrets(text, 'it', file, undefined)).toThrow(message)
    expect(existsSync(file)).toBe(false)
  })
})

describe('the two steps of a new key', () => {
  test('[CE17] one at a time, in order, for what every cell has to know', async () => {
    const file = join(makeDirectory(), 'data.secrets.json')
    const keys = [{ id: '1', key: 'key 1' }]
    const original = {
      version: 1,
      deployment: 'd',
      defaultAccount: 'a',
      namespaceKey: 'n',
      operatorKeys: ['o'],
      tokenKeys: keys,
      identifierKeys: keys,
    } satisfies DeploymentSecrets
    writeFileSync(file, JSON.stringify(original), { mode: 0o600 })
    const read = (): DeploymentSecrets => JSON.parse(readFileSync(file, 'utf8')) as DeploymentSecrets
    for (const [kind, name] of [
      ['token', 'tokenKeys'],
      ['identifier', 'identifierKeys'],
    ] as const) {
      const run = (rotation: Rotation) => (): void => rotateKeys(file, kind, rotation)
      expect(run('activate')).toThrow('no prepared')
      run('prepare')()
      const [first, last] = read()[name]
      expect([first?.prepared, last]).toEqual([true, keys[0]])
      expect(run('prepare')).toThrow('already')
      run('activate')()
      expect(read()[name]).toEqual([last, { id: first?.id, key: first?.key }])
    }
    expect(() => rotateKeys(file, 'operator', 'prepare')).toThrow('not prepared')
    const both = await runCli(['rotate-token-key', '--prepare', '--activate', `--secrets=${file}`])
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('two different things')])
  })
})
