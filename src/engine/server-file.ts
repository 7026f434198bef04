// How another command finds the running server: a small file that exists only while it serves.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataDirectoriesIn } from './cell-directories.ts'
import type { DataDirectory } from './data-directory.ts'
import { EngineError } from './engine-error.ts'
import { readHolder } from './lock.ts'

export interface ServerFile {
  /** Where it listens. */
  readonly url: string
  /** Where clients reach it. */
  readonly publicUrl: string
  /** Resource type -> path segment of its API. */
  readonly plurals: Readonly<Record<string, string>>
}

const NAME = 'server.json'

export function writeServerFile(directory: DataDirectory, content: ServerFile): void {
  writeFileSync(join(directory.run, NAME), JSON.stringify(content))
}

/** @param data a data directory, or one with those of several cells @throws EngineError when no server is using it */
export function readServerFile(data: string): ServerFile {
  // Every cell of a server knows it.
  const directory = dataDirectoriesIn(data).find(({ path }) => readHolder(path) !== undefined)
  if (directory === undefined) {
    throw new EngineError(
      `no server is using ${data}`,
      'nobody holds its lock',
      'Start one with: biplane serve, or check --data.',
    )
  }
  return JSON.parse(readFileSync(join(directory.run, NAME), 'utf8')) as ServerFile
}
