// The commands of docs/runbook.md, run as they stand there, in that order, by one shell. What belongs to a machine of one's own is stood in
// for by a folder: paths, ports, the service manager (which starts and stops the real command), and the change of user.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createClient } from 'biplane/client'
import { expect, onTestFinished, test, vi } from 'vitest'
import { create } from '../support/http.ts'
import { CLI, ROOT, makeTestDirectory, startServer } from '../support/server.ts'
import { isRunning } from '../support/engine-log.ts'
import { freePort } from '../support/ports.ts'

const RUNBOOK = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8')

interface Block {
  readonly line: number
  readonly script: string
  /** It needs what this machine has not got. */
  readonly isElsewhere: boolean
}

const BLOCKS: readonly Block[] = Array.from(RUNBOOK.matchAll(/^( *)```sh\n([\s\S]*?)^\1```$/gm), (match) => {
  const [, indent = '', body = ''] = match
  const script = body.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
  const line = RUNBOOK.slice(0, match.index).split('\n').length
  return { line, script, isElsewhere: script.startsWith('# elsewhere\n') }
})

/** Command -> what stands in for it: `$HERE` is the test's folder. */
const STAND_INS: Readonly<Record<string, string>> = {
  biplane: `exec ${process.execPath} ${CLI} "$@"`,
  // -u biplane --
  runuser: 'shift 3; exec "$@"',
  // Nobody of that name is here.
  install:
    'exec /usr/bin/env -- PATH="$REAL_PATH" install $(printf "%s\\n" "$@" | sed "/^--owner$/,+1d;/^--group$/,+1d")',
  journalctl: 'cat "$HERE/journal"',
  systemctl: `
case "$1" in
  start)
    ${process.execPath} ${CLI} serve --port "$PORT" --log json --grace 1 >/dev/null 2>>"$HERE/journal" &
    echo $! >"$HERE/pid" ;;
  stop)
    pid="$(cat "$HERE/pid")"
    kill "$pid"
    # Gone, or waiting to be collected by whoever inherited it.
    while grep --silent '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null; do sleep 0.05; done ;;
  restart) systemctl stop biplane; systemctl start biplane ;;
  show) cat "$HERE/pid" ;;
  status) kill -0 "$(cat "$HERE/pid")" && echo active ;;
esac`,
}

/** A folder for the PATH in which each of them is. */
function standIns(here: string): string {
  const bin = join(here, 'bin')
  mkdirSync(bin, { recursive: true })
  for (const [name, script] of Object.entries(STAND_INS)) {
    writeFileSync(join(bin, name), `#!/usr/bin/env bash\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return bin
}

const UNTIL_READY = 'until curl --fail --silent --output /dev/null "$FIRST"; do sleep 0.1; done'

test('[CA9] every command that one machine can run does what the page says', async () => {
  const here = makeTestDirectory()
  onTestFinished(() => rmSync(here, { recursive: true, force: true }))
  const [port, drillPort] = [await freePort(), await freePort()]
  const data = join(here, 'lib/biplane/data')
  const secrets = join(here, 'lib/biplane-secrets/secrets.json')
  for (const folder of ['lib/biplane', 'lib/biplane-secrets', 'backups'])
    mkdirSync(join(here, folder), { recursive: true })
  const bin = standIns(here)
  const before = await startServer({ dataDir: data })
  const { id } = await create(before, 'wikis', { name: 'Notes' })
  await before.dispose()
  renameSync(before.secretsFile, secrets)

  const runnable = BLOCKS.filter(({ isElsewhere }) => !isElsewhere)
  const script = runnable
    .map((block) => `echo "line ${block.line}" >&2\n${block.script}`)
    .join('\n')
    .replaceAll('/var/lib/', `${here}/lib/`)
    .replaceAll('/var/backups/', `${here}/backups/`)
    .replaceAll('127.0.0.1:8787', `127.0.0.1:${port}`)
    .replaceAll('8790', String(drillPort))
  const shell = spawn(
    'bash',
    ['-euo', 'pipefail', '-c', ['systemctl start biplane', UNTIL_READY, script, 'systemctl stop biplane'].join('\n')],
    {
      cwd: here,
      // A group of its own, so that it can be ended as a whole.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: `${bin}:${process.env['PATH']}`,
        REAL_PATH: process.env['PATH'] ?? '',
        HOME: here,
        HERE: here,
        PORT: String(port),
        FIRST: `http://127.0.0.1:${port}/readyz`,
        ID: id,
        BIPLANE_DATA: data,
        BIPLANE_SECRETS: secrets,
      },
    },
  )
  onTestFinished(async () => {
    // A server that it left behind ends its engine by itself.
    if (shell.exitCode === null) process.kill(-(shell.pid ?? 0), 'SIGTERM')
    const server = existsSync(join(here, 'pid')) ? Number(readFileSync(join(here, 'pid'), 'utf8')) : 0
    await vi.waitUntil(() => server === 0 || !isRunning(server), { timeout: 10_000 })
  })
  const [said, complained, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')])
  expect(code, `${complained}\n${said}`).toBe(0)

  expect(said).toContain('biplane_shard_up{type="wiki",shard="root"} 1')
  // Once how it is, and after each of: the drill, restoring, upgrading, rolling back.
  expect(said.split('\n').filter((line) => line.includes(`"id": "${id}"`)).length).toBeGreaterThanOrEqual(5)
  expect(said).toMatch(/restored \d+ files/)
  // Two directories were put aside. Of the keys that can be retired one is left, and another token key came in two steps.
  expect(readdirSync(join(here, 'lib/biplane')).filter((name) => name !== 'data')).toHaveLength(2)
  const kept = JSON.parse(readFileSync(secrets, 'utf8')) as Readonly<Record<string, unknown[]>>
  expect([kept['tokenKeys']?.length, kept['operatorKeys']?.length, kept['identifierKeys']?.length]).toEqual([2, 1, 2])
  expect(statSync(join(here, 'backups/biplane.secrets.json')).mode & 0o777).toBe(0o600)
}, 240_000)

test('[CA9] [MV1] everything in a cell is moved off it, whosever it is', async () => {
  const here = makeTestDirectory()
  onTestFinished(() => rmSync(here, { recursive: true, force: true }))
  const server = await startServer({ args: ['--cells', 'lon,pdx'] })
  const client = createClient({ baseUrl: server.url, key: server.operatorKey })
  const { id: account } = await client.accounts.create({ name: 'Another' }, { wait: true })
  const wikis = [client, client, client.forAccount(account)].map((each) => each.resources('wikis'))
  for (const [index, each] of wikis.entries()) await each.create({ name: `${index}`, cell: 'lon' }, { wait: true })
  const { id: there } = await client.resources('wikis').create({ cell: 'pdx' }, { wait: true })
  const [moveOff, ...others] = BLOCKS.filter(({ script }) => script.includes('biplane resources move "$id" --cell pdx'))
  expect(others).toEqual([])
  for (const count of [3, 0]) {
    const shell = spawn('bash', ['-euo', 'pipefail', '-c', moveOff?.script ?? ''], {
      cwd: here,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: `${standIns(here)}:${process.env['PATH']}`, BIPLANE_DATA: server.dataDir },
    })
    const [said, complained, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, 'close')])
    expect([code, said], complained).toEqual([0, expect.stringMatching(new RegExp(`^${count} to-move.tsv$`, 'm'))])
  }
  const cells = new Map<string, string>()
  for await (const { id, cell } of client.forAccount('-').resources('wikis').list()) cells.set(id, cell ?? '')
  expect([cells.size, new Set(cells.values())]).toEqual([4, new Set(['pdx'])])
  expect(cells.has(there)).toBe(true)
}, 60_000)

test('[CA9] what is not run says where it is, and every heading of the table is there', () => {
  expect(BLOCKS.length).toBeGreaterThan(20)
  expect(BLOCKS.filter(({ isElsewhere }) => isElsewhere).length).toBeLessThan(BLOCKS.length / 2)
  // A block of another kind would be run by nobody.
  expect(RUNBOOK.match(/^ *```(?!sh$).+$/gm)).toBeNull()
})
