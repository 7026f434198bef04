// The data directory:
//
//     format      format version; an older program refuses a newer one
//     deployment  whose data it is: the name in the secrets that belong to it
//     cell        which cell's data it is; without it: `local`
//     restored    it was made from a backup, and has not been told what has happened since (restored.ts)
//     lock.<n>    who is serving it; the highest n counts (lock.ts)
//     run/        what lives only while it is served: generated configuration, bundle, sockets; never backed up
//     data/       objects of the data plane:    <unique key of a class>/<object id>.sqlite
//     control/    objects of the control plane, the same
//     cells/      further cells of the same server, each a data directory (cell-directories.ts); never backed up with this one
//
// Secrets are not in it: `<data directory>.secrets.json` beside it (secrets.ts), so that a copy of the data gives nobody access.

import { createHash } from 'node:crypto'
import { chmodSync, existsSync, lstatSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { writeDurably } from './durable-file.ts'
import { EngineError, codeOf, reasonOf } from './engine-error.ts'
import { makeDirectory } from './make-directory.ts'

/** Raised by one when a program that only knows the previous number would damage the data. */
export const DATA_FORMAT = 1

/** The cell of a server that was given no other name. */
export const DEFAULT_CELL = 'local'

/** The planes are also the engine's two processes and the two folders of objects. */
export type Plane = 'data' | 'control'
export const PLANES: readonly Plane[] = ['data', 'control']

export interface DataDirectory {
  /** Absolute, symbolic links resolved. */
  readonly path: string
  readonly run: string
  /** Where the sockets are: `run`, or a short path when that one is too long for a socket address. */
  readonly sockets: string
  /** Where the SQLite files of a plane's objects are. */
  objects(plane: Plane): string
}

/** A unix socket address holds 108 bytes with its final zero (unix(7)); our longest file name is `supervisor.sock`. */
const SOCKET_ADDRESS_BYTES = 107
const LONGEST_SOCKET_NAME = '/supervisor.sock'

/**
 * Whether the directory can be, or become, that of a cell; makes nothing.
 *
 * @throws EngineError when the format is newer than this program, or the directory is something else
 */
export function checkDataDirectory(path: string, cell: string): void {
  if (isDataDirectory(path)) {
    checkFormat(path)
    return checkCell(path, cell)
  }
  const strange = usable(path, () => (existsSync(path) ? readdirSync(path) : [])).filter(
    (name) => !name.startsWith('.') && name !== CELL_FILE,
  )
  // Looked at once more: somebody may be creating it at this moment.
  if (strange.length === 0 || isDataDirectory(path)) return
  throw (
    holdsCells(path) ??
    new EngineError(
      `${path} is not a data directory`,
      `it has no format file, and other files: ${strange.slice(0, 3).join(', ')}`,
      'Give --data an empty or new directory.',
      2,
    )
  )
}

/**
 * Creates the directory if it is missing, and checks its format and whose it is.
 *
 * @throws EngineError as {@link checkDataDirectory}, and when it cannot be made
 */
export function openDataDirectory(path: string, cell: string): DataDirectory {
  checkDataDirectory(path, cell)
  return usable(path, () => {
    makeDirectory(path, 0o700)
    if (!isDataDirectory(path)) {
      writeDurably(join(path, CELL_FILE), `${cell}\n`)
      writeDurably(join(path, FORMAT_FILE), `${DATA_FORMAT}\n`)
    }
    // Of two that create it at the same time one may be another cell.
    checkCell(path, cell)
    const directory = describeDataDirectory(path)
    for (const folder of [directory.run, ...PLANES.map((plane) => directory.objects(plane))])
      makeDirectory(folder, 0o700)
    return directory
  })
}

/** @throws EngineError for what the system refuses */
function usable<T>(path: string, use: () => T): T {
  try {
    return use()
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown
    throw new EngineError(
      `cannot use the data directory ${path}`,
      reasonOf(thrown),
      'Give --data a directory that you may write to.',
      2,
    )
  }
}

const FORMAT_FILE = 'format'

const CELL_FILE = 'cell'

/** @throws EngineError for another cell's data: every identifier would lead to an empty object */
function checkCell(path: string, cell: string): void {
  const owner = cellOfData(path)
  if (owner === cell) return
  throw new EngineError(
    `the data directory ${path} is of the cell "${owner}"`,
    `it was to be served as "${cell}", where nothing of it would be found`,
    `Serve it with --cell ${owner}, or give --data another directory.`,
    2,
  )
}

export function isDataDirectory(path: string): boolean {
  return existsSync(join(path, FORMAT_FILE))
}

/** Of which cell the data in a data directory is. */
export function cellOfData(path: string): string {
  const file = join(path, CELL_FILE)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : DEFAULT_CELL
}

/** What is wrong with a path that holds the data directories of several cells, where one was to be given. */
function holdsCells(path: string): EngineError | undefined {
  const folder = join(path, 'cells')
  const cells = existsSync(folder) ? readdirSync(folder).filter((name) => isDataDirectory(join(folder, name))) : []
  if (cells.length === 0) return undefined
  return new EngineError(
    `${path} holds the data of several cells`,
    `they are ${cells.join(', ')}, each in a data directory of its own`,
    `Name one of them: --data ${join(folder, cells[0] ?? '')}; or serve them all with --cells ${cells.join(',')}.`,
    2,
  )
}

/** The same paths, without creating or checking anything but that the directory exists. */
export function describeDataDirectory(path: string): DataDirectory {
  const real = existsSync(path) ? realpathSync(path) : resolve(path)
  const run = join(real, 'run')
  const isShort = Buffer.byteLength(run + LONGEST_SOCKET_NAME) <= SOCKET_ADDRESS_BYTES
  const short = join(tmpdir(), `biplane-${createHash('sha256').update(real).digest('hex').slice(0, 16)}`)
  return { path: real, run, sockets: isShort ? run : short, objects: (plane) => join(real, plane) }
}

/** @throws EngineError when `path` holds no data directory, or a newer one than this program knows */
export function checkFormat(path: string): void {
  let text: string
  try {
    text = readFileSync(join(path, FORMAT_FILE), 'utf8').trim()
  } catch (thrown) {
    throw (
      holdsCells(path) ??
      new EngineError(
        `${path} is not a data directory`,
        `its format file: ${codeOf(thrown) ?? reasonOf(thrown)}`,
        'Check the path.',
        2,
      )
    )
  }
  const format = Number(text)
  if (Number.isInteger(format) && format >= 1 && format <= DATA_FORMAT) return
  throw new EngineError(
    `the data directory ${path} has format ${text}, this program knows up to ${DATA_FORMAT}`,
    'a newer version of Biplane has written it',
    'Use that version or a later one. The data was not touched.',
    2,
  )
}

/** Removes what only a running server needs. */
export function clearRun(directory: DataDirectory): void {
  for (const name of readdirSync(directory.run)) rmSync(join(directory.run, name), { recursive: true, force: true })
  if (directory.sockets !== directory.run) rmSync(directory.sockets, { recursive: true, force: true })
}

/** Creates the folder of the sockets, if it is not `run` itself. */
export function makeSocketFolder(directory: DataDirectory): void {
  if (directory.sockets !== directory.run) makePrivate(directory.sockets)
}

/** A folder in the shared temporary directory must be ours alone, or somebody else could put his own sockets there. */
function makePrivate(folder: string): void {
  makeDirectory(folder, 0o700)
  const { uid } = lstatSync(folder)
  if (process.getuid !== undefined && (uid !== process.getuid() || !lstatSync(folder).isDirectory())) {
    throw new EngineError(
      `${folder} belongs to somebody else`,
      'sockets there would not be private',
      'Use a shorter --data path.',
      2,
    )
  }
  chmodSync(folder, 0o700)
}
