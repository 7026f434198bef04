// The files of deploy/ do what they say: what a supervisor would take from them is taken, and a real server started, stopped and started
// again by it. Where Docker or systemd are, they read the files, too; starting anything by them takes a daemon that a test machine has not.

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import { checkOpenFileLimit } from '../../src/engine/open-file-limit.ts'
import { runCli } from '../support/cli.ts'
import { deployFile, readCompose, readDockerfile, readUnit, type ComposeService } from '../support/deploy-files.ts'
import { ROOT, makeTestDirectory } from '../support/server.ts'
import { freePort } from '../support/ports.ts'
import { SupervisedProcess, type Supervised } from '../support/supervised.ts'

/** Where the files say that data and secrets are, somewhere else on this machine. */
function elsewhere(): string {
  const folder = makeTestDirectory()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts, is written to, ends in time with nothing left, and has it all again. @returns it, running */
async function livesTwice(about: Supervised): Promise<SupervisedProcess> {
  const running = new SupervisedProcess(about)
  await running.start()
  const made = await running.ask('POST', '/v1/wikis', { name: 'Notes' })
  expect(made.status).toBe(201)
  const { id } = made.body as { id: string }
  const stopped = await running.stop()
  expect([stopped.code, stopped.left]).toEqual([0, []])
  expect(stopped.ms).toBeLessThan(about.stopWithinMs)
  await running.start()
  const kept = await running.ask('GET', `/v1/wikis/${id}`)
  expect(kept).toMatchObject({ status: 200, body: { name: 'Notes', state: 'active' } })
  return running
}

describe('the compose file', () => {
  const { services, volumes } = readCompose()
  const service = services['biplane'] as ComposeService
  const image = readDockerfile()
  const last = (instruction: string): string => image.findLast(([name]) => name === instruction)?.[1] ?? ''

  /** A service as the runtime would start it, with each volume as a folder of `folder`. */
  async function supervised(folder: string, { command, environment, ...about }: ComposeService): Promise<Supervised> {
    const inImage = Array.from(last('ENV').matchAll(/(\w+)=(\S+)/g), ([, name = '', value = '']) => [name, value])
    const given: Record<string, string> = { ...Object.fromEntries(inImage), ...environment }
    const mounts = about.volumes.map((volume) => volume.split(':') as [string, string])
    const toHere = (value: string): string => {
      const mount = mounts.find(([, path]) => value === path || value.startsWith(`${path}/`))
      return mount === undefined ? value : join(folder, mount[0], value.slice(mount[1].length))
    }
    const [, ...health] = about.healthcheck.test
    return {
      command: [...(JSON.parse(last('ENTRYPOINT')) as string[]), ...command],
      env: {
        ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, toHere(value)])),
        BIPLANE_PORT: String(await freePort()),
      },
      stopSignal: about.stop_signal,
      stopWithinMs: Number.parseInt(about.stop_grace_period) * 1000,
      health,
    }
  }

  test('[CA7] starts a server that answers its health check, stops in time, and has its data again', async () => {
    const folder = elsewhere()
    const about = await supervised(folder, service)
    const { BIPLANE_DATA: data, BIPLANE_SECRETS: secrets } = about.env
    expect([data, secrets]).toEqual([join(folder, 'data/data'), join(folder, 'secrets/secrets.json')])
    expect((await (await livesTwice(about)).stop()).left).toEqual([])
  })

  test('[CA7] its two cells are one deployment, and either serves what the other has', async () => {
    const folder = elsewhere()
    const [lon, pdx] = await Promise.all(
      (['lon', 'pdx'] as const).map((name) => supervised(folder, services[name] as ComposeService)),
    )
    if (lon === undefined || pdx === undefined) throw new Error('there are two')
    const places = JSON.parse(readFileSync(deployFile('cells.json'), 'utf8')) as Record<string, { address: string }>
    // Where the network of the two would lead these names.
    const addresses = { 'http://lon:8787': lon.env['BIPLANE_PORT'], 'http://pdx:8787': pdx.env['BIPLANE_PORT'] }
    const toHere = (address: string): string => `http://127.0.0.1:${addresses[address as keyof typeof addresses]}`
    const here = Object.entries(places).map(([code, { address }]) => [code, { address: toHere(address) }])
    writeFileSync(join(folder, 'cells.json'), JSON.stringify(Object.fromEntries(here)))
    const [first, second] = [new SupervisedProcess(lon), new SupervisedProcess(pdx)]
    // In the order of `depends_on`.
    await first.start()
    await second.start()
    const made = await first.ask('POST', '/v1/wikis', { name: 'Far', cell: 'pdx' })
    expect(made).toMatchObject({ status: 201, body: { cell: 'pdx' } })
    const { id } = made.body as { id: string }
    for (const server of [first, second])
      expect(await server.ask('GET', `/v1/wikis/${id}`)).toMatchObject({ status: 200, body: { name: 'Far' } })
    expect((await first.ask('GET', '/v1/capabilities')).body).toMatchObject({
      cell: 'lon',
      cells: [
        { code: 'lon', here: true },
        { code: 'pdx', here: false, address: toHere('http://pdx:8787') },
      ],
    })
    expect((await Promise.all([first.stop(), second.stop()])).map(({ left }) => left)).toEqual([[], []])
  })

  test('[CA7] its image and its limits fit the server', () => {
    const named = Object.values(services).flatMap((one) => one.volumes.map((volume) => volume.split(':')[0] ?? ''))
    expect(Object.keys(volumes).toSorted()).toEqual(
      [...new Set(named)].filter((name) => !name.startsWith('.')).toSorted(),
    )
    for (const one of Object.values(services)) expect(variablesOf(Object.keys(one.environment))).toEqual([])
    expect(JSON.parse(last('VOLUME'))).toEqual(service.volumes.map((volume) => volume.split(':')[1]))
    expect(last('STOPSIGNAL')).toBe(service.stop_signal)
    expect(last('HEALTHCHECK')).toContain(JSON.stringify(service.healthcheck.test.at(-1)))
    expect(JSON.parse(last('CMD'))).toEqual(service.command)
    expect(last('USER')).toBe('node')
    const { engines, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      engines: { node: string }
      bin: object
    }
    expect(Number(/^node:(\d+)-slim/.exec(last('FROM'))?.[1])).toBeGreaterThanOrEqual(
      Number.parseInt(engines.node.slice(2)),
    )
    expect(Object.keys(bin)).toEqual(JSON.parse(last('ENTRYPOINT')))
    const { soft, hard } = service.ulimits.nofile
    expect([soft, checkOpenFileLimit(`Max open files ${soft} ${hard} files`)]).toEqual([hard, undefined])
    expect(Number(service.environment['BIPLANE_GRACE'])).toBeLessThan(Number.parseInt(service.stop_grace_period))
    // Published to this machine alone: a proxy with TLS is before it.
    expect(service.ports).toEqual(['127.0.0.1:8787:8787'])
    expect(existsSync(join(ROOT, 'deploy', service.build.context, service.build.dockerfile))).toBe(true)
  })

  test('[CA7] Docker reads it, where Docker is', () => {
    const read = spawnSync('docker', ['compose', '-f', deployFile('compose.yaml'), 'config', '--quiet'], {
      encoding: 'utf8',
    })
    const isThere = spawnSync('docker', ['compose', 'version']).status === 0
    if (isThere) expect([read.status, read.stderr]).toEqual([0, ''])
    else console.info('docker compose is not here: the file was read and run by this test alone')
  })
})

describe('the systemd unit', () => {
  const unit = readUnit('biplane.service')
  const one = (key: string): string => unit.get(`Service.${key}`)?.at(-1) ?? ''

  /** What systemd would make of it, with its state in a folder. */
  async function supervised(
    folder: string,
    more: ReadonlyMap<string, readonly string[]> = new Map(),
  ): Promise<Supervised> {
    const specifiers: Readonly<Record<string, string>> = {
      '%S': join(folder, 'state'),
      '%d': join(folder, 'credentials'),
    }
    const expand = (text: string): string => text.replaceAll(/%\w/g, (specifier) => specifiers[specifier] ?? specifier)
    for (const name of one('StateDirectory').split(' '))
      mkdirSync(join(folder, 'state', name), { recursive: true, mode: Number.parseInt(one('StateDirectoryMode'), 8) })
    const settings = [...(unit.get('Service.Environment') ?? []), ...(more.get('Service.Environment') ?? [])]
    return {
      command: one('ExecStart').split(' '),
      env: {
        ...Object.fromEntries(
          settings.map((setting) => expand(setting).split(/=(.*)/s).slice(0, 2) as [string, string]),
        ),
        BIPLANE_PORT: String(await freePort()),
      },
      stopSignal: one('KillSignal') as NodeJS.Signals,
      stopWithinMs: Number(one('TimeoutStopSec')) * 1000,
    }
  }

  test('[CA7] starts a server that answers, stops in time by a signal to it alone, and has its data again', async () => {
    const about = await supervised(elsewhere())
    expect(one('KillMode')).toBe('mixed')
    const running = await livesTwice(about)
    // It broke off: what is left of it is killed, and it is started again.
    await running.kill()
    await running.start()
    expect((await running.ask('GET', '/v1/wikis')).body).toMatchObject({ data: [{ name: 'Notes' }] })
    expect((await running.stop()).left).toEqual([])
    expect(statSync(about.env['BIPLANE_SECRETS'] ?? '').mode & 0o777).toBe(0o600)
  })

  test('[CA7] with the secrets as a credential, as systemd shows it to the service', async () => {
    const folder = elsewhere()
    const dropIn = readUnit('biplane.service.d/credentials.conf')
    const [name = ''] = dropIn.get('Service.LoadCredential')?.[0]?.split(':') ?? []
    const about = await supervised(folder, dropIn)
    const file = join(folder, 'credentials', name)
    expect(about.env['BIPLANE_SECRETS']).toBe(file)
    mkdirSync(join(folder, 'credentials'), { mode: 0o700 })
    await makeSecrets(folder, file)
    // The group's bit is how an access list for the service's user shows.
    chmodSync(file, 0o440)
    const env = { ...about.env, CREDENTIALS_DIRECTORY: join(folder, 'credentials') }
    const running = new SupervisedProcess({ ...about, env })
    await running.start()
    expect((await running.ask('GET', '/v1/session')).status).toBe(200)
    expect((await running.stop()).left).toEqual([])
    // To anybody but systemd's own service it is a file that others can read.
    const refused = await runCli(['serve'], about.env)
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('can be read by others')])
  })

  test('[CA7] its limits fit the server, and it can write its own state alone', () => {
    expect(checkOpenFileLimit(`Max open files ${one('LimitNOFILE')} ${one('LimitNOFILE')} files`)).toBeUndefined()
    const settings = Object.fromEntries((unit.get('Service.Environment') ?? []).map((setting) => setting.split('=')))
    expect(Number(settings['BIPLANE_GRACE'])).toBeLessThan(Number(one('TimeoutStopSec')))
    expect(variablesOf(Object.keys(settings))).toEqual([])
    expect([one('User'), one('Restart'), one('ProtectSystem'), one('NoNewPrivileges')]).toEqual([
      'biplane',
      'always',
      'strict',
      'yes',
    ])
    // A JavaScript engine writes to memory that it executes.
    expect(unit.has('Service.MemoryDenyWriteExecute')).toBe(false)
    expect(readFileSync(deployFile('biplane.sysusers.conf'), 'utf8')).toMatch(/^u biplane /m)
  })

  test('[CA7] systemd reads it, and finds little that it could still do, where systemd is', () => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) return console.info('systemd is not here')
    const folder = mkdtempSync(join(elsewhere(), 'unit-'))
    // It looks for the command, which is not installed here.
    const text = readFileSync(deployFile('biplane.service'), 'utf8').replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true')
    writeFileSync(join(folder, 'biplane.service'), text)
    mkdirSync(join(folder, 'biplane.service.d'))
    copyFileSync(deployFile('biplane.service.d/credentials.conf'), join(folder, 'biplane.service.d/credentials.conf'))
    const verified = spawnSync('systemd-analyze', ['verify', join(folder, 'biplane.service')], { encoding: 'utf8' })
    expect([verified.status, verified.stderr]).toEqual([0, ''])
    const rated = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--threshold=20', join(folder, 'biplane.service')],
      {
        encoding: 'utf8',
      },
    )
    expect([rated.status, /Overall exposure level[^\n]*/.exec(rated.stdout)?.[0]]).toEqual([
      0,
      expect.stringContaining('OK'),
    ])
  })
})

test.runIf(process.getuid?.() === 0)('[CA7] keys that root rotates stay readable to whose they are', async () => {
  const folder = elsewhere()
  const file = join(folder, 'secrets.json')
  await makeSecrets(folder, file)
  chownSync(file, 4711, 4712)
  expect((await runCli(['rotate-token-key', '--data', join(folder, 'none'), '--secrets', file])).code).toBe(0)
  const { uid, gid, mode } = statSync(file)
  expect([uid, gid, mode & 0o777]).toEqual([4711, 4712, 0o600])
})

async function makeSecrets(folder: string, file: string): Promise<void> {
  const { openSecrets } = await import('../../dist/engine/secrets.js')
  const data = join(folder, 'owner')
  mkdirSync(data)
  await openSecrets(data, file, 'local')
}

/** Those of `names` that no option of `biplane serve` reads. */
function variablesOf(names: readonly string[]): string[] {
  const serve = createProgram().commands.find((command) => command.name() === 'serve')
  const known = new Set(serve?.options.map(({ envVar }) => envVar))
  return names.filter((name) => !known.has(name))
}
