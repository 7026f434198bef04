// Starts Biplane as a user does, with the command line, and makes what clients need: resources and their tokens.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, cpSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createTokenSigner, type TokenSigner } from '../../src/identity/token.ts'
import type { DeploymentSecrets } from '../../src/wire/deployment.ts'
import type { Target } from '../load/spec.ts'
import type { ServerUnderTest } from './server-under-test.ts'

export interface BiplaneServer extends ServerUnderTest {
  readonly directory: string
  readonly secrets: DeploymentSecrets
  /** Process of a plane, or of the supervisor. */
  pid(process: 'data' | 'control' | 'supervisor'): number
  /** Answers the identifiers of new resources. @param cell default: the one that is reached */
  create(plural: string, count: number, cell?: string): Promise<string[]>
  /** The control plane's API with the operator's key. */
  fetch(path: string, init?: ApiRequest): Promise<Response>
  /** A resource's content, with a token that may write. */
  content(plural: string, id: string): Promise<Target>
}

interface ApiRequest {
  readonly method?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface BiplaneOptions {
  readonly name?: string
  readonly requestLog?: boolean
  readonly app?: string
  /** Several cells behind a front. */
  readonly cells?: readonly string[]
  /** Further flags. */
  readonly args?: readonly string[]
}

/** Creations at a time while a row is being prepared. */
const CREATES_AT_ONCE = 16

/** @param directory data directory; its secrets and its log are files beside it */
export async function startBiplane(
  root: string,
  directory: string,
  options: BiplaneOptions = {},
): Promise<BiplaneServer> {
  const logFile = `${directory}.log`
  const log = openSync(logFile, 'w')
  const app = options.app ?? join(root, 'bench/apps/kv.ts')
  const flags = [
    '--app',
    app,
    '--data',
    directory,
    '--port',
    '0',
    '--log',
    'json',
    ...(options.requestLog ? ['--request-log'] : []),
    ...(options.cells === undefined ? [] : ['--cells', options.cells.join(',')]),
    ...(options.args ?? []),
  ]
  // Its log goes to a file, as it would to a service manager: whoever reads it must not be part of the measurement.
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'serve', ...flags], {
    stdio: ['ignore', 'pipe', log],
  })
  closeSync(log)
  const onExit = (): boolean => child.kill('SIGKILL')
  process.on('exit', onExit)
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const [first] = (await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [''])])) as [string]
  const url = /^Biplane listening on (\S+)$/.exec(first)?.[1]
  if (url === undefined) throw new Error(`Biplane does not start:\n${readFileSync(logFile, 'utf8')}`)
  const secrets = JSON.parse(readFileSync(`${directory}.secrets.json`, 'utf8')) as DeploymentSecrets
  const signer = createTokenSigner(secrets.deployment, secrets.tokenKeys)
  const engines = enginesIn(logFile)
  const pid = (process: 'data' | 'control' | 'supervisor'): number =>
    (process === 'supervisor' ? child.pid : engines.get(process)) ?? 0
  const fetchApi = (path: string, init: ApiRequest = {}): Promise<Response> =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${secrets.operatorKeys.at(-1)}`, ...init.headers } })
  return {
    name: options.name ?? 'biplane',
    port: Number(new URL(url).port),
    directory,
    secrets,
    pid,
    pids: () => [...engines.values(), pid('supervisor')],
    fetch: fetchApi,
    create: (plural, count, cell) => create(fetchApi, plural, count, cell),
    content: (plural, id) => contentOf(signer, plural, id),
    async stop() {
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
      process.off('exit', onExit)
    },
  }
}

/** A second deployment with the same data, keys and identifiers. The first must not be running. */
export function copyBiplaneData(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
  cpSync(`${from}.secrets.json`, `${to}.secrets.json`)
}

/** What the supervisor wrote about its processes before it said that it is ready. */
function enginesIn(logFile: string): ReadonlyMap<string, number> {
  const entries = readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => /"(engine|front)_started"/.test(line))
    .map((line) => JSON.parse(line) as { process: string; cell?: string; pid: number })
  return new Map(entries.map(({ cell, process: name, pid }) => [cell === undefined ? name : `${cell} ${name}`, pid]))
}

async function create(
  fetchApi: BiplaneServer['fetch'],
  plural: string,
  count: number,
  cell?: string,
): Promise<string[]> {
  const ids: string[] = []
  let started = 0
  const work = async (): Promise<void> => {
    while (started++ < count) {
      const response = await fetchApi(`/v1/${plural}`, { method: 'POST', body: JSON.stringify({ cell }) })
      if (response.status !== 201)
        throw new Error(`a creation was answered ${response.status}: ${await response.text()}`)
      ids.push(((await response.json()) as { id: string }).id)
    }
  }
  await Promise.all(Array.from({ length: CREATES_AT_ONCE }, work))
  return ids
}

/** An hour: longer than any run. */
const TOKEN_SECONDS = 3_600
/** What a new resource has. */
const FIRST_GENERATION = 1

/** Tokens are minted here, as a builder's own backend may do, not by the server that is to be measured. */
async function contentOf(signer: TokenSigner, plural: string, id: string): Promise<Target> {
  const expiresAt = Math.floor(Date.now() / 1000) + TOKEN_SECONDS
  const token = await signer.mint({
    use: 'resource',
    type: id.slice(0, id.indexOf('-')),
    resource: id,
    permission: 'write',
    generation: FIRST_GENERATION,
    expiresAt,
    endsAt: expiresAt,
  })
  return { path: `/${plural}/${id}/`, headers: { Authorization: `Bearer ${token}` } }
}
