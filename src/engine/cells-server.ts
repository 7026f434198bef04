// Several cells on one machine behind one port: a server for each, with its own data directory and processes, and the front before them.

import { checkAppFile, endBundler, type AppBundle } from './app-bundle.ts'
import { pathOfCell, warnOfUnserved } from './cell-directories.ts'
import { checkDataDirectory, describeDataDirectory, openDataDirectory, type DataDirectory } from './data-directory.ts'
import { EngineError } from './engine-error.ts'
import type { FrontCell } from './front.ts'
import { FrontProcess } from './front-process.ts'
import { openListeners, type Listener } from './listeners.ts'
import { toLoopback } from './running-engine.ts'
import { findSecrets } from './secrets.ts'
import { bundleServed } from './served-app.ts'
import { pathOfSocket, startCell } from './server.ts'
import type { RunningServer, ServerOptions } from './server-options.ts'
import { PUBLIC_SOCKET, TRUSTED_SOCKET } from './workerd-config.ts'
import type { CellTable } from '../identity/cell.ts'

/** `data` is where the cells' directories are; the first cell is the root cell of a new deployment. */
export type CellsOptions = Omit<ServerOptions, 'cell'> & { readonly members: readonly [string, ...string[]] }

/**
 * Serves an app in several cells; resolves when all answer.
 *
 * @throws EngineError with what to do about it; nothing is left running then
 */
export async function startCells(options: CellsOptions): Promise<RunningServer> {
  const { data, members, secretsFile } = options
  checkAppFile(options.app)
  const owners = toOwners(options.cells, members)
  const paths = members.map((cell) => [cell, pathOfCell(data, cell)] as const)
  for (const [cell, path] of paths) {
    checkDataDirectory(path, cell)
    findSecrets(path, secretsFile)
  }
  warnOfUnserved(data, members, options.cells, options.log)
  const [tcp] = (await openListeners([options])) as [Listener]
  try {
    const bundle = await bundleServed(options, members).finally(endBundler)
    // Only now is anything made: a start that is refused leaves no new deployment behind.
    const directories = new Map(paths.map(([cell, path]) => [cell, openDataDirectory(path, cell)]))
    const cells = toLocalTable(options.cells, owners, directories)
    return await startBehind(tcp, { ...options, cells }, directories, bundle)
  } catch (thrown) {
    tcp.close()
    throw thrown
  }
}

async function startBehind(
  tcp: Listener,
  options: CellsOptions,
  directories: ReadonlyMap<string, DataDirectory>,
  bundle: AppBundle,
): Promise<RunningServer> {
  const { cells, data, log, trustedProxies } = options
  const url = `http://${tcp.address}`
  const fronted = Array.from(directories, ([cell, directory]) => toFrontCell(cells, cell, directory))
  const front = new FrontProcess({ fd: tcp.fd, cells: fronted, trustedProxies, log })
  const servers: RunningServer[] = []
  try {
    // One after the other: the first one makes the secrets of a new deployment.
    for (const [cell, directory] of directories) {
      const face = { url, setUp: (isUp: boolean) => front.setUp(cell, isUp) }
      const own = { ...options, cell, data: directory.path, front: face, log: ofCell(cell, options) }
      servers.push(await startCell(own, directory, () => Promise.resolve(bundle)))
    }
    await front.start()
  } catch (thrown) {
    front.kill()
    await Promise.all(servers.map((server) => server.stop()))
    throw thrown
  }
  const [first] = servers as [RunningServer]
  return {
    url,
    publicUrl: options.publicUrl ?? toLoopback(url),
    directory: describeDataDirectory(data),
    get secrets() {
      return first.secrets
    },
    get inputs() {
      return first.inputs
    },
    async reload() {
      for (const server of servers) await server.reload()
    },
    async stop() {
      tcp.close()
      front.close()
      await Promise.all(servers.map((server) => server.stop()))
      front.kill()
    },
    kill() {
      front.kill()
      for (const server of servers) server.kill()
    },
  }
}

/**
 * Which of this machine's cells serves a code: itself, or the one whose place it shares.
 *
 * @returns code -> member; without those that are elsewhere
 * @throws EngineError for a code that could be any of them
 */
function toOwners(cells: CellTable, members: readonly string[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>()
  for (const [code, { address }] of Object.entries(cells)) {
    const sharing = members.filter((member) => cells[member]?.address === address)
    const [owner, second] = members.includes(code) ? [code] : sharing
    if (owner === undefined && address !== undefined) continue
    if (owner === undefined || second !== undefined) {
      throw new EngineError(
        `the cell "${code}" could be any of ${members.join(', ')}`,
        address === undefined ? 'it has no address' : `they all have its address, ${address}`,
        'Give each cell of this machine an address of its own, such as https://CODE.cells.example; two codes with one address are one cell.',
        2,
      )
    }
    owners.set(code, owner)
  }
  return owners
}

/** The deployment's cells as the processes of this machine reach them: its own by their sockets, past the front. */
function toLocalTable(
  cells: CellTable,
  owners: ReadonlyMap<string, string>,
  directories: ReadonlyMap<string, DataDirectory>,
): CellTable {
  return Object.fromEntries(
    Object.entries(cells).map(([code, place]) => {
      const directory = directories.get(owners.get(code) ?? '')
      if (directory === undefined) return [code, place]
      return [code, { ...place, address: `unix:${pathOfSocket(directory, PUBLIC_SOCKET)}` }]
    }),
  )
}

function toFrontCell(cells: CellTable, cell: string, directory: DataDirectory): Omit<FrontCell, 'isUp'> {
  const address = cells[cell]?.address
  const others = Object.keys(cells).filter((code) => code !== cell && cells[code]?.address === address)
  const [socket, trustedSocket] = [PUBLIC_SOCKET, TRUSTED_SOCKET].map((name) => pathOfSocket(directory, name))
  return { codes: [cell, ...others], socket: socket ?? '', trustedSocket: trustedSocket ?? '' }
}

/** What a cell has to say, with its name. */
function ofCell(cell: string, { log }: Pick<ServerOptions, 'log'>): ServerOptions['log'] {
  return (entry) => log({ ...entry, cell })
}
