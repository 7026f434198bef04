// Listening sockets that outlive the engine processes. The supervisor holds the descriptors and every engine process inherits them
// (`--socket-fd`), so connections that arrive while a process is being restarted wait in the kernel's queue instead of failing.
//
// Node must hold them without accepting on them itself, and has no public way to: `net._createServerHandle`, which its own cluster
// module uses, binds without listening; a short-lived child, which inherits the descriptors, then makes them listen.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { lookup } from 'node:dns/promises'
import net from 'node:net'
import { getSystemErrorName } from 'node:util'
import { EngineError } from './engine-error.ts'

export interface Listener {
  /** To be inherited by child processes. */
  readonly fd: number
  /** `host:port` as bound, or `unix:/path`. */
  readonly address: string
  /** 0 for a unix socket. */
  readonly port: number
  /** Stops listening once no engine process has the descriptor either. */
  close(): void
}

interface BoundHandle {
  readonly fd: number
  getsockname?(out: { address?: string; port?: number }): number
  close(): void
}

/** Answers a handle, or a negative error number. Address type 4 or 6 is TCP, -1 with port -1 a unix socket. */
type CreateServerHandle = (address: string, port: number, addressType: number) => BoundHandle | number

/** Linux's default limit of the kernel's queue (net.core.somaxconn since 5.4): as many clients as can wait for a restart. */
const BACKLOG = 4096

/** Makes each descriptor from 3 on listen, and ends before the event loop could accept anything. */
const LISTEN_PROGRAM = `
const net = require('node:net')
const count = Number(process.argv[1])
let listening = 0
for (let fd = 3; fd < 3 + count; fd++) {
  net.createServer().listen({ fd, backlog: ${BACKLOG} }, () => { if (++listening === count) process.exit(0) })
}`

/** A host and port, 0 for any free one; or the path of a unix socket. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly path: string }

/**
 * Binds addresses, and makes them all listen.
 *
 * @returns one for each, in order
 * @throws EngineError when an address is taken or cannot be used
 */
export async function openListeners(addresses: readonly ListenAddress[]): Promise<Listener[]> {
  const bound: BoundHandle[] = []
  const listeners: Listener[] = []
  try {
    for (const address of addresses) {
      const listener = 'path' in address ? bindUnix(address.path) : await bindTcp(address.host, address.port)
      bound.push(listener.handle)
      listeners.push(toListener(listener))
    }
    await makeListen(bound.map((handle) => handle.fd))
    return listeners
  } catch (thrown) {
    for (const handle of bound) handle.close()
    throw thrown
  }
}

interface Bound {
  readonly handle: BoundHandle
  readonly address: string
  readonly port: number
}

function bindUnix(path: string): Bound {
  // Whoever made it is gone, since we hold the lock; and a left-over file would make the address "in use" for ever.
  rmSync(path, { force: true })
  return { handle: bind(path, -1, -1, path), address: `unix:${path}`, port: 0 }
}

async function bindTcp(host: string, port: number): Promise<Bound> {
  const { address, family } = await resolveHost(host)
  const handle = bind(address, port, family, `${host}:${port}`)
  const name: { port?: number } = {}
  handle.getsockname?.(name)
  const realPort = name.port ?? 0
  if (realPort === 0) {
    handle.close()
    // libuv reports a taken port only when it listens itself; before, the descriptor just has no address.
    throw inUse(`${host}:${port}`, port, 'EADDRINUSE: it is in use')
  }
  return { handle, address: `${host.includes(':') ? `[${host}]` : host}:${realPort}`, port: realPort }
}

function toListener({ handle, address, port }: Bound): Listener {
  return { fd: handle.fd, address, port, close: () => handle.close() }
}

async function resolveHost(host: string): Promise<{ address: string; family: number }> {
  try {
    return await lookup(host)
  } catch {
    throw new EngineError(
      `cannot listen on ${host}`,
      'this name has no address',
      'Give --host an address of this machine.',
      2,
    )
  }
}

function bind(address: string, port: number, addressType: number, shown: string): BoundHandle {
  const { _createServerHandle: createServerHandle } = net as unknown as { _createServerHandle: CreateServerHandle }
  const handle = createServerHandle(address, port, addressType)
  if (typeof handle !== 'number') return handle
  throw inUse(shown, port, getSystemErrorName(handle))
}

function inUse(shown: string, port: number, why: string): EngineError {
  const fix =
    port > 0 ? 'Stop what listens there, or choose another with --port (0 = any free one).' : 'Check --host and --data.'
  return new EngineError(`cannot listen on ${shown}`, why, fix)
}

async function makeListen(descriptors: readonly number[]): Promise<void> {
  const child = spawn(process.execPath, ['-e', LISTEN_PROGRAM, String(descriptors.length)], {
    stdio: ['ignore', 'ignore', 'pipe', ...descriptors],
    env: {},
  })
  const said: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk))
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code === 0) return
  const reason = /Error: .*/.exec(Buffer.concat(said).toString())?.[0] ?? `the helper ended with ${code}`
  throw new EngineError('cannot listen', reason, 'Choose another address with --host and --port.')
}
