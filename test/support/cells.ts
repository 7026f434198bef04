// Several cells of one deployment as servers on this machine: each with its own data directory and processes, the same secrets, and the
// same table of cells. What lies between them can be a link that delays.

import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CellTable } from '../../src/identity/cell.ts'
import { DelayingLink } from './delaying-link.ts'
import { freePort } from './ports.ts'
import { makeTestDirectory, startServer, type StartOptions, type TestServer } from './server.ts'

export interface Cells<Code extends string> {
  readonly cells: CellTable
  /** The same for every server; a test may change it and restart them. */
  readonly cellsFile: string
  readonly servers: Readonly<Record<Code, TestServer>>
  /** By cell: what others pass on their way to it. */
  readonly links: Readonly<Record<Code, DelayingLink>>
}

export interface CellsOptions extends Omit<StartOptions, 'dataDir' | 'port'> {
  /** One way, between any two cells; default: none. */
  readonly delayMs?: number
  /** Codes beside those that are served: code -> the cell whose place it shares. */
  readonly aliases?: Readonly<Record<string, string>>
}

/** The first cell is the root cell of the deployment. Everything ends with the test, or its file. */
export async function startCells<const Code extends string>(
  codes: readonly [Code, ...Code[]],
  { delayMs = 0, aliases = {}, args = [], ...options }: CellsOptions = {},
): Promise<Cells<Code>> {
  const directory = makeTestDirectory()
  // The table names them before anybody listens.
  const ports = await Promise.all(codes.map(freePort))
  const links = await Promise.all(ports.map((port) => DelayingLink.start(port, delayMs)))
  const dispose = (): void => {
    for (const link of links) link.close()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    onTestFinished(dispose)
  } catch {
    // Not inside a test: whoever starts them in beforeAll ends them by `disposeCells`.
  }
  const places = Object.fromEntries(codes.map((code, index) => [code, { address: links[index]?.url ?? '' }]))
  const shared = Object.fromEntries(Object.entries(aliases).map(([code, of]) => [code, places[of] ?? {}]))
  const cells: CellTable = { ...places, ...shared }
  const cellsFile = join(directory, 'cells.json')
  writeFileSync(cellsFile, JSON.stringify(cells))
  const servers: [Code, TestServer][] = []
  for (const [index, code] of codes.entries()) {
    const dataDir = join(directory, code, 'data')
    mkdirSync(dirname(dataDir), { recursive: true })
    // One deployment: all have the secrets of the first.
    if (servers[0] !== undefined) copyFileSync(servers[0][1].secretsFile, `${dataDir}.secrets.json`)
    const server = await startServer({
      ...options,
      dataDir,
      port: ports[index] ?? 0,
      args: ['--cell', code, '--cells-file', cellsFile, ...args],
    })
    servers.push([code, server])
  }
  return {
    cells,
    cellsFile,
    servers: Object.fromEntries(servers) as Record<Code, TestServer>,
    links: Object.fromEntries(codes.map((code, index) => [code, links[index]])) as Record<Code, DelayingLink>,
  }
}

/** For cells that were started outside a test: ends the links and removes the data; the servers end by themselves. */
export async function disposeCells({ cellsFile, servers, links }: Cells<string>): Promise<void> {
  for (const server of Object.values(servers)) await server.dispose()
  for (const link of Object.values(links)) link.close()
  rmSync(dirname(cellsFile), { recursive: true, force: true })
}
