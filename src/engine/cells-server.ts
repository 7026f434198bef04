// Several cells on one machine behind one port: a server for each, with its own data directory and processes, and the front before them.

import { bundleApp, checkAppFile, endBundler } from './app-bundle.ts'
import { pathOfCell } from './cell-directories.ts'
import { describeDataDirectory, openDataDirectory, type DataDirectory } from './data-directory.ts'
import { EngineError } from './engine-error.ts'
import type { FrontCell } from './front.ts'
import { FrontProcess } from './front-process.ts'
import { openListeners, type Listener } from './listeners.ts'
import { toLoopback } from './running-engine.ts'
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
  const { app, data, members, log, trustedProxies } = options
  checkAppFile(app)
  const directories = new Map(members.map((cell) => [cell, openDataDirectory(pathOfCell(data, cell), cell)]))
  const cells = toLocalTable(options.cells, directories)
  const [tcp] = (await openListeners([options])) as [Listener]
  const url = `http://${tcp.address}`
  const fronted = members.map((cell) => toFrontCell(cells, cell, directories.get(cell) as DataDirectory))
  const front = new FrontProcess({ fd: tcp.fd, cells: fronted, trustedProxies, log })
  const servers: RunningServer[] = []
  try {
    const bundling = bundleApp(app, { faultPoints: options.faultsAddress !== undefined })
    bundling.catch(() => {})
    // One after the other: the first one makes the secrets of a new deployment.
    for (const [cell, directory] of directories) {
      const face = { url, setUp: (isUp: boolean) => front.setUp(cell, isUp) }
      const own = { ...options, cell, cells, data: directory.path, front: face, log: ofCell(cell, options) }
      servers.push(await startCell(own, directory, () => bundling))
    }
    await endBundler()
    await front.start()
  } catch (thrown) {
    front.kill()
    tcp.close()
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
 * The deployment's cells as the processes of this machine reach them: its own by their sockets, past the front.
 *
 * @throws EngineError for a code that could be any of them
 */
function toLocalTable(cells: CellTable, directories: ReadonlyMap<string, DataDirectory>): CellTable {
  const members = [...directories.keys()]
  return Object.fromEntries(
    Object.entries(cells).map(([code, place]) => {
      const sharing = members.filter((member) => member === code || cells[member]?.address === place.address)
      const [owner, second] = directories.has(code) ? [code] : sharing
      if (owner === undefined && place.address !== undefined) return [code, place]
      if (owner === undefined || second !== undefined) {
        throw new EngineError(
          `the cell "${code}" could be any of ${members.join(', ')}`,
          place.address === undefined ? 'it has no address' : `they all have its address, ${place.address}`,
          'Give each cell of this machine an address of its own, such as https://CODE.cells.example; two codes with one address are one cell.',
          2,
        )
      }
      const socket = pathOfSocket(directories.get(owner) as DataDirectory, PUBLIC_SOCKET)
      return [code, { ...place, address: `unix:${socket}` }]
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
