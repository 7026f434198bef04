// biplane deploy cloudflare: the plan, what it refuses, and what it hands to wrangler.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bundleApp } from '../../dist/engine/app-bundle.js'
import { checkCloudflare } from '../../dist/engine/cloudflare-checks.js'
import type { CloudflarePlan } from '../../dist/engine/cloudflare-files.js'
import { NODE_FOR_WRANGLER, WRANGLER as PINNED } from '../../dist/engine/compatibility.js'
import { mergeMigrations, parseMigrations, type Migration } from '../../dist/engine/object-migrations.js'
import { ALL_HINTS, toWranglerConfig } from '../../dist/engine/wrangler-config.js'
import { findWrangler, runsOn } from '../../dist/engine/wrangler.js'
import type { AppManifest } from '../../src/wire/manifest.ts'
import { runCli } from '../support/cli.ts'
import { NOTES_APP, ROOT, makeTestDirectory } from '../support/server.ts'
import { WITH_WRANGLER, WRANGLER } from '../support/wrangler-server.ts'

const HOSTS = ['--public-url', 'https://console.example', '--apex', 'notes.example']
let directory: string
let out: string
let manifest: AppManifest
beforeAll(async () => {
  directory = makeTestDirectory()
  manifest = (await bundleApp(NOTES_APP, { faultPoints: false })).manifest
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))
let count = 0
beforeEach(() => {
  out = join(directory, `out${count++}`)
})

const deploy = (flags: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCli(['deploy', 'cloudflare', '--app', NOTES_APP, '--out', out, ...flags], env)
const writeOnly = (...flags: readonly string[]) =>
  runCli(['wrangler-config', '--app', NOTES_APP, '--out', out, ...flags])
const historyOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'migrations.json'), 'utf8')) as readonly Migration[]

interface Written {
  readonly vars: {
    readonly BIPLANE_CONFIG: { readonly pathCapabilities: boolean; readonly cells: object; readonly cell: string }
  }
  readonly routes?: readonly unknown[]
  readonly observability: object
}
const configIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'wrangler.jsonc'), 'utf8')) as Written

describe('what is generated', () => {
  test('[EN9] the wrangler configuration is this', () => {
    const options = { name: 'notes', publicUrl: 'https://console.example', apex: 'notes.example' }
    const cells = { weur: { hint: 'weur' }, eu: { jurisdiction: 'eu' } }
    const config = toWranglerConfig(manifest, mergeMigrations([], manifest), { ...options, cells, cell: 'weur' })
    expect(config).toMatchSnapshot()
  })

  test('[EN9] migrations are only appended, and a class that was deployed does not disappear', () => {
    const deployed = [{ tag: 'v1', new_sqlite_classes: ['NoteControl'] }]
    const merged = mergeMigrations(deployed, manifest)
    expect(merged).toEqual([...deployed, { tag: 'v2', new_sqlite_classes: ['NoteData'] }])
    expect(mergeMigrations(merged, manifest)).toEqual(merged)
    const gone = { tag: 'v1', new_sqlite_classes: ['NoteControl', 'NoteData', 'GoneData', 'OldData'] }
    expect(() => mergeMigrations([gone], manifest)).toThrow('the app has no GoneData, OldData any more')
    // Written by hand: what was meant to go is gone, and a class may come back under its name.
    const byHand = [
      gone,
      { tag: 'v3', deleted_classes: ['GoneData'], renamed_classes: [{ from: 'OldData', to: 'NoteData' }] },
    ]
    expect(mergeMigrations(byHand, manifest)).toEqual(byHand)
    const again = [...byHand, { tag: 'x', deleted_classes: ['NoteData'] }]
    expect(mergeMigrations(again, manifest).at(-1)).toEqual({ tag: 'v4', new_sqlite_classes: ['NoteData'] })
  })

  test('[EN9] wrangler-config writes it with the bundle, and keeps the history', async () => {
    expect(await writeOnly(...HOSTS)).toMatchObject({ code: 0, stderr: '' })
    const history = historyOf(out)
    expect(history).toEqual([{ tag: 'v1', new_sqlite_classes: ['NoteControl', 'NoteData'] }])
    expect(configIn(out).vars.BIPLANE_CONFIG).toMatchObject({
      pathCapabilities: false,
      cells: { local: {} },
      cell: 'local',
    })
    expect(configIn(out).routes).toEqual([{ pattern: 'console.example', custom_domain: true }, '*.notes.example/*'])
    await writeOnly('--public-url', 'https://console.example', '--path-capabilities', '--cells', 'all', '--cell', 'oc')
    expect(historyOf(out)).toEqual(history)
    expect(configIn(out).vars.BIPLANE_CONFIG).toMatchObject({ pathCapabilities: true, cells: ALL_HINTS, cell: 'oc' })
    expect(configIn(out).routes).toEqual([{ pattern: 'console.example', custom_domain: true }])
    // Then what opens a resource is in its path.
    expect(configIn(out).observability).toMatchObject({ logs: { invocation_logs: false }, traces: { enabled: false } })
    await writeOnly('--public-url', 'http://127.0.0.1:8787')
    expect(configIn(out).routes).toBeUndefined()
    expect((await writeOnly()).code).toBe(2)
  })
})

const TARGET = { publicUrl: 'https://console.example', apex: 'notes.example', cells: { local: {} }, cell: 'local' }

describe('what is refused', () => {
  test.each([
    ['http', { publicUrl: 'http://console.example' }, 'is not https'],
    ['a port', { publicUrl: 'https://console.example:8443' }, 'on its usual port'],
    ['this machine', { publicUrl: 'http://127.0.0.1:8787' }, 'is not https'],
    ['no apex', { apex: 'localhost' }, 'there is no --apex'],
    ['a console above the apex', { apex: 'notes.console.example' }, 'one below the other'],
    ['a console below the apex', { publicUrl: 'https://console.notes.example' }, 'one below the other'],
    ['a console at the apex', { apex: 'console.example' }, 'are the same'],
    ['a cell that is not there', { cells: ALL_HINTS, cell: 'moon' }, '--cell moon is no cell on Cloudflare'],
    ['an unknown jurisdiction', { cells: { local: { jurisdiction: 'mars' } } }, '"mars" is no jurisdiction'],
    ['an unknown hint', { cells: { local: { hint: 'mars' } } }, '"mars" is no location hint'],
    ['a socket', { cells: { local: {}, x: { address: 'unix:/x.sock' } } }, '"x" is no cell code'],
    ['a socket', { cells: { local: {}, xx: { address: 'unix:/x.sock' } } }, 'cannot reach unix:/x.sock'],
    ['a private network', { cells: { local: {}, xx: { address: 'http://10.0.0.1' } } }, 'cannot reach http://10.0.0.1'],
    [
      'a default cell elsewhere',
      { cells: { local: { address: 'https://a.example' } } },
      'has the address https://a.example',
    ],
    ['no cell', { cells: {} }, 'the cell table is empty'],
  ])('[CD3] %s', (_, other, message) => {
    expect(() => checkCloudflare(manifest, TARGET, false)).not.toThrow()
    expect(() => checkCloudflare(manifest, { ...TARGET, ...other }, false)).toThrow(message)
  })

  test('[CD3] by the command, which then has written nothing', async () => {
    const refused = await deploy(['--public-url', 'http://console.example', '--apex', 'notes.example'])
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('is not https') as string })
    expect((await deploy([...HOSTS, '--cells', 'all', '--cells-file', 'x.json'])).code).toBe(2)
    expect(existsSync(out)).toBe(false)
  })

  test('[CD3] types that collide, and a type whose cell is not there', () => {
    const target = { ...TARGET, cells: { weur: { hint: 'weur' } }, cell: 'weur' }
    const [note] = manifest.types
    if (note === undefined) throw new Error('there is no type')
    const of =
      (...types: AppManifest['types']) =>
      () =>
        checkCloudflare({ version: 1, types }, target, false)
    expect(of(note)).not.toThrow()
    expect(of(note, { ...note, name: 'other' })).toThrow('the name NoteControl')
    const taken = { className: 'DataPlane', binding: 'X_DATA' }
    expect(of({ ...note, data: taken })).toThrow('the name DataPlane')
    const cell = { className: 'X', binding: 'BIPLANE_CELL_WEUR' }
    expect(of({ ...note, data: cell })).toThrow('the name BIPLANE_CELL_WEUR')
    expect(of({ ...note, cell: 'eu' })).toThrow('the type note wants its resources in the cell "eu"')
  })

  test('[CD3] a class that was deployed and is not in the app any more, and a history that is none', async () => {
    mkdirSync(out)
    writeFileSync(join(out, 'migrations.json'), JSON.stringify([{ tag: 'v1', new_sqlite_classes: ['GoneData'] }]))
    const gone = await deploy(HOSTS)
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('the app has no GoneData any more')])
    for (const broken of ['', '{}', '[{}]', '[null]', '[{"tag":"v1"},{"tag":"v1"}]'])
      expect(() => parseMigrations(broken, 'migrations.json')).toThrow('is no history of migrations')
    expect(readdirSync(out)).toEqual(['migrations.json'])
  })

  test('[CD3] a machine without wrangler and npx: the answer says how to get it', async () => {
    const refused = await deploy(HOSTS, { PATH: directory })
    expect([refused.code, refused.stdout]).toEqual([2, ''])
    expect(refused.stderr).toContain('there is no wrangler')
    expect(refused.stderr).toContain('Node 22.12 or newer')
    expect(refused.stderr).toContain(`npx -p ${NODE_FOR_WRANGLER} -p ${PINNED}`)
    expect(existsSync(out)).toBe(false)
    expect(() => findWrangler('')).toThrow('there is no wrangler')
  })

  test.each([
    ['v22.12.0', true],
    ['v22.11.9', false],
    ['v20.20.2', false],
    ['v24.0.0', true],
    ['', false],
    [undefined, false],
  ])('[CD3] wrangler on Node %s: %s', (version, isEnough) => {
    expect(runsOn(version)).toBe(isEnough)
  })

  test('[CD3] the release of wrangler that is fetched is the one that is tested', () => {
    expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).toContain(`wrangler=${PINNED}\n`)
    expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).toContain(`node24=${NODE_FOR_WRANGLER}\n`)
  })
})

/** In npx's place: keeps what it was called with, and ends as it is told. */
function recorder(exitCode: number): { readonly env: Readonly<Record<string, string>>; readonly seen: string } {
  const bin = join(directory, `bin${count++}`)
  const seen = join(bin, 'seen')
  mkdirSync(seen, { recursive: true })
  const script = `#!/bin/sh
printf '%s\\n' "$@" > ${seen}/args
while [ $# -gt 1 ]; do
if [ "$1" = --secrets-file ]; then cp -p "$2" ${seen}/secrets.json; echo "$2" > ${seen}/secrets-path; fi
if [ "$1" = --config ]; then cp "$2" ${seen}/wrangler.jsonc; fi
shift
done
echo 'said by the tool'
exit ${exitCode}
`
  writeFileSync(join(bin, 'npx'), script, { mode: 0o755 })
  return { env: { PATH: `${bin}:/usr/bin:/bin` }, seen }
}
const read = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8')

describe('what wrangler is given', () => {
  test('[CD4] the configuration, and the secrets that the Workers need, in a file that is gone afterwards', async () => {
    const { env, seen } = recorder(0)
    const done = await deploy([...HOSTS, '--cells', 'all', '--cell', 'weur'], env)
    expect(done.code).toBe(0)
    expect(done.stdout).toContain('deployed biplane at https://console.example')
    expect(done.stderr).toContain('said by the tool')
    expect(read(seen, 'args')).toContain(`\nwrangler\ndeploy\n--config\n${out}/wrangler.jsonc\n`)
    const kept = JSON.parse(readFileSync(`${out}.secrets.json`, 'utf8')) as Record<string, unknown>
    expect(statSync(`${out}.secrets.json`).mode & 0o777).toBe(0o600)
    expect(statSync(join(seen, 'secrets.json')).mode & 0o777).toBe(0o600)
    const uploaded = JSON.parse(read(seen, 'secrets.json')) as { BIPLANE_SECRETS: string }
    expect(Object.keys(uploaded)).toEqual(['BIPLANE_SECRETS'])
    const { namespaceKey, ...forWorkers } = kept
    expect(JSON.parse(uploaded.BIPLANE_SECRETS)).toMatchObject(forWorkers)
    expect(uploaded.BIPLANE_SECRETS).not.toContain(namespaceKey)
    expect(existsSync(read(seen, 'secrets-path').trim())).toBe(false)
    expect(done.stdout + done.stderr).not.toContain((kept['operatorKeys'] as string[])[0])
    expect(historyOf(out)).toHaveLength(1)

    // Again: the same secrets, and nothing to append.
    const again = await deploy([...HOSTS, '--cells', 'all', '--json'], env)
    expect(JSON.parse(again.stdout) as CloudflarePlan).toMatchObject({
      new_migrations: [],
      new_classes: [],
      default_cell: 'wnam',
    })
    expect(JSON.parse(read(seen, 'secrets.json'))).toEqual(uploaded)
  })

  test('[CD4] when it fails the command does, and the secrets are gone as well', async () => {
    const { env, seen } = recorder(7)
    const failed = await deploy(HOSTS, env)
    expect(failed.code).toBe(1)
    expect(failed.stderr).toContain('it ended with 7')
    expect(existsSync(read(seen, 'secrets-path').trim())).toBe(false)
  })

  test('[CD3] a dry run says what would happen, and leaves nothing behind', async () => {
    const { env, seen } = recorder(0)
    const dry = await deploy([...HOSTS, '--cells', 'all', '--dry-run', '--json'], env)
    expect(dry.code).toBe(0)
    expect(JSON.parse(dry.stdout) as CloudflarePlan).toMatchObject({
      worker: 'biplane',
      classes: ['NoteControl', 'NoteData'],
      new_classes: ['NoteControl', 'NoteData'],
      new_migrations: [{ tag: 'v1' }],
      cells: ALL_HINTS,
      default_cell: 'wnam',
      secrets: ['BIPLANE_SECRETS'],
    })
    expect(read(seen, 'args')).toContain('--dry-run')
    expect(existsSync(join(seen, 'secrets-path'))).toBe(false)
    expect([existsSync(out), existsSync(`${out}.secrets.json`)]).toEqual([false, false])
  })

  test.skipIf(WRANGLER === undefined)(`[CD3] a dry run is accepted by the tool itself${WITH_WRANGLER}`, async () => {
    const dry = await deploy([...HOSTS, '--cells', 'all', '--dry-run'], { HOME: directory })
    expect(dry).toMatchObject({ code: 0 })
    expect(dry.stderr).toContain('--dry-run: exiting now.')
  })
})
