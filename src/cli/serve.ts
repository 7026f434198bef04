// biplane serve: runs an app until a signal says otherwise.

import { Option, type Command } from 'commander'
import { DEFAULT_APP } from '../engine/app-bundle.ts'
import { EngineError } from '../engine/engine-error.ts'
import { toJsonLine, toTextLine, type Log } from '../engine/log.ts'
import { defaultSecretsFile } from '../engine/secrets.ts'
import type { RunningServer, ServerOptions } from '../engine/server-options.ts'
import { startCells } from '../engine/cells-server.ts'
import { startServer } from '../engine/server.ts'
import type { LifecycleTimers } from '../wire/deployment.ts'
import {
  appOption,
  dataOption,
  parseCidrs,
  parseHostName,
  parseJson,
  parsePort,
  parsePublicUrl,
  parseSeconds,
  pathCapabilitiesOption,
  secretsOption,
  switchOption,
} from './options.ts'
import { cellsFileOption, cellsOption, toCells, toSeveralCells } from './cells.ts'
import { greet } from './greeting.ts'

export interface ServeFlags {
  readonly app?: string
  readonly host: string
  readonly port: number
  readonly data: string
  readonly cell?: string
  readonly cells?: readonly [string, ...string[]]
  readonly cellsFile?: string
  readonly cellCa?: string
  readonly secrets?: string
  readonly publicUrl?: string
  readonly apex: string
  readonly trustProxy?: readonly string[]
  readonly pathCapabilities?: boolean
  readonly requestLog?: boolean
  readonly grace: number
  readonly log: 'text' | 'json'
  readonly timers?: Partial<LifecycleTimers>
  readonly faults?: string
}

/** Below the 10 s that container runtimes give before they kill. */
const DEFAULT_GRACE_SECONDS = 5
/** What a shell reports for a process that a signal ended: 128 and the signal's number. */
const SIGNAL_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

export function addServeCommand(program: Command): void {
  withServeOptions(program.command('serve').description('serve an app until it is told to stop')).action(
    async (flags: ServeFlags) => {
      const log = toLog(flags)
      const isRunning = endOnSignal()
      const server = await startServing(flags, log)
      isRunning(server)
      await greet(server, flags)
    },
  )
}

/** One cell, or several. @throws EngineError */
export async function startServing(flags: ServeFlags, log: Log): Promise<RunningServer> {
  const { cells: members } = flags
  if (members === undefined) return startServer({ ...toServerOptions(flags, log), ...toCells(flags) })
  return startCells({ ...toServerOptions(flags, log), members, cells: toSeveralCells(members, flags.cellsFile) })
}

export function withServeOptions(command: Command): Command {
  return command
    .addOption(appOption())
    .addOption(new Option('--host <address>', 'address to listen on').env('BIPLANE_HOST').default('127.0.0.1'))
    .addOption(
      new Option('--port <number>', 'port to listen on, 0 for any free one')
        .env('BIPLANE_PORT')
        .default(8787)
        .argParser(parsePort),
    )
    .addOption(dataOption())
    .addOption(secretsOption())
    .addOption(
      new Option(
        '--cell <code>',
        'the cell that this server is (default: the only one of the cells file, or "local")',
      ).env('BIPLANE_CELL'),
    )
    .addOption(cellsOption())
    .addOption(cellsFileOption())
    .addOption(
      new Option('--cell-ca <file>', 'certificates (PEM) by which to believe other cells').env('BIPLANE_CELL_CA'),
    )
    .addOption(
      new Option('--public-url <url>', 'where clients reach it (default: where it listens)')
        .env('BIPLANE_PUBLIC_URL')
        .argParser(parsePublicUrl),
    )
    .addOption(
      new Option('--apex <host>', 'host below which every resource has its own origin')
        .env('BIPLANE_APEX')
        .default('localhost')
        .argParser(parseHostName),
    )
    .addOption(
      new Option('--trust-proxy <cidr>', 'whose X-Forwarded-* headers to believe; repeatable, or separated by commas')
        .env('BIPLANE_TRUST_PROXY')
        .argParser(parseCidrs),
    )
    .addOption(pathCapabilitiesOption())
    .addOption(switchOption('--request-log', 'log one line per request', 'BIPLANE_REQUEST_LOG'))
    .addOption(
      new Option('--grace <seconds>', 'how long open requests may go on after a stop')
        .env('BIPLANE_GRACE')
        .default(DEFAULT_GRACE_SECONDS)
        .argParser(parseSeconds),
    )
    .addOption(
      new Option('--log <format>', 'how to log, on stderr')
        .env('BIPLANE_LOG')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addOption(new Option('--timers <json>').env('BIPLANE_TIMERS').argParser(parseJson).hideHelp())
    .addOption(new Option('--faults <address>').env('BIPLANE_FAULTS').hideHelp())
}

function toServerOptions(flags: ServeFlags, log: Log): Omit<ServerOptions, 'cell' | 'cells'> {
  checkPublicUrl(flags, log)
  return {
    app: flags.app ?? DEFAULT_APP,
    host: flags.host,
    port: flags.port,
    data: flags.data,
    ...(flags.cellCa === undefined ? {} : { cellCertificates: flags.cellCa }),
    secretsFile: flags.secrets ?? defaultSecretsFile(flags.data),
    ...(flags.publicUrl === undefined ? {} : { publicUrl: flags.publicUrl }),
    apex: flags.apex,
    trustedProxies: flags.trustProxy ?? [],
    pathCapabilities: flags.pathCapabilities ?? false,
    requestLog: flags.requestLog ?? false,
    graceMs: flags.grace * 1000,
    structuredLogging: flags.log === 'json',
    log,
    ...(flags.timers === undefined ? {} : { timers: flags.timers }),
    ...(flags.faults === undefined ? {} : { faultsAddress: flags.faults }),
  }
}

/**
 * What would only show when a person opens a link that leads nowhere, or signs in and is not.
 *
 * @throws EngineError for a public URL without a host for the resources' own origins
 */
function checkPublicUrl({ publicUrl, apex, pathCapabilities }: ServeFlags, log: Log): void {
  if (publicUrl === undefined) return
  const { hostname, protocol } = new URL(publicUrl)
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return
  if (apex === 'localhost' && pathCapabilities !== true) {
    throw new EngineError(
      `--public-url ${publicUrl} without --apex`,
      'links to resources would lead to hosts below "localhost", which is every reader\'s own machine',
      'Add --apex HOST, a name of its own whose subdomains (*.HOST) lead to this server; or, without such a name, --path-capabilities.',
      2,
    )
  }
  if (protocol === 'http:') {
    const message = `browsers do not keep our cookies on plain http: nobody will be able to sign in at ${publicUrl}`
    log({ level: 'warn', event: 'insecure_public_url', message })
  }
}

/** Everything but the greeting goes to stderr, so that stdout can be read by a script. */
export function toLog(flags: ServeFlags): Log {
  const toLine = flags.log === 'json' ? toJsonLine : toTextLine
  // Engine processes speak in chunks of many lines; one write for all of a turn costs a fraction of one for each.
  let pending = ''
  const flush = (): void => {
    if (pending !== '') process.stderr.write(pending)
    pending = ''
  }
  process.on('exit', flush)
  return (entry) => {
    if (pending === '') setImmediate(flush)
    pending += `${toLine(entry)}\n`
  }
}

/** npm passes a signal on that the terminal has sent to the whole group already: two that close are one. */
const SAME_SIGNAL_MS = 300

/**
 * The first signal lets requests finish, the second one does not; during the start there is nothing to wait for.
 *
 * @returns what to call with the server once it runs
 */
export function endOnSignal(): (server: RunningServer) => void {
  let server: RunningServer | undefined
  let stoppingSinceMs: number | undefined
  for (const [signal, code] of Object.entries(SIGNAL_EXIT_CODES)) {
    process.on(signal, () => {
      if (server === undefined) process.exit(code)
      if (stoppingSinceMs === undefined) {
        stoppingSinceMs = performance.now()
        void server.stop().then(() => process.exit(0))
      } else if (performance.now() - stoppingSinceMs > SAME_SIGNAL_MS) {
        process.exit(code)
      }
    })
  }
  return (running) => (server = running)
}
