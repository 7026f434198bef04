// Backup and restore of a whole data directory: a copy of all files as of one moment over both planes. Either nobody serves it (and
// the lock keeps it so), or the engine stands still while its files are copied; what is copied is what a crash at that moment would
// have left, which the engine is made to recover from. Secrets are apart, and copied on request only.

import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { DATA_FORMAT, PLANES, checkFormat, describeDataDirectory } from './data-directory.ts'
import { writeNewDurably } from './durable-file.ts'
import { EngineError, codeOf, explained } from './engine-error.ts'
import { readHolder, takeLock } from './lock.ts'
import { makeDirectory } from './make-directory.ts'
import { RESTORED_FILE } from './restored.ts'
import { SECRETS_MODE, ownerOf, readSecrets } from './secrets.ts'
import { whileFrozen } from './supervisor-socket.ts'

export interface BackupReport {
  readonly path: string
  readonly files: number
  readonly bytes: number
  /** How long the server stood still; undefined when none was running. */
  readonly frozenMs?: number
}

/** What is in the backup beside the data directory's own files. */
const REPORT_FILE = 'backup.json'
const SECRETS_FILE = 'secrets.json'
/** What belongs to a data directory and not to one run of it. */
const KEPT = ['format', 'deployment', 'cell', ...PLANES]
/** Enough to keep a disk busy, few enough to leave descriptors for others. */
const PARALLEL_COPIES = 16

/**
 * Copies a data directory to `target`, which must not exist or be empty. The target appears complete or not at all.
 *
 * @param secretsFile copied as well (mode 0600) when given
 * @throws EngineError when the target is not empty, or a running server cannot be paused
 */
export async function backup(dataDirectory: string, target: string, secretsFile?: string): Promise<BackupReport> {
  checkFormat(dataDirectory)
  const source = describeDataDirectory(dataDirectory)
  await refuseUnlessEmpty(target)
  const draft = `${resolve(target)}.partial-${process.pid}`
  try {
    makeDirectory(draft, 0o700)
    const { copied, frozenMs } = await quiesced(source, () => copyAll(source.path, draft))
    if (secretsFile !== undefined) {
      await copyFile(secretsFile, join(draft, SECRETS_FILE))
      await chmod(join(draft, SECRETS_FILE), SECRETS_MODE)
    }
    const report = { files: copied.length, bytes: copied.reduce((sum, file) => sum + file.bytes, 0) }
    const about = {
      format: DATA_FORMAT,
      create_time: new Date().toISOString(),
      deployment: ownerOf(source.path),
      ...report,
    }
    await writeFile(join(draft, REPORT_FILE), `${JSON.stringify(about, null, 2)}\n`)
    await syncAll(draft, copied)
    await rm(target, { recursive: true, force: true })
    await rename(draft, target)
    return { path: resolve(target), ...report, ...(frozenMs === undefined ? {} : { frozenMs }) }
  } catch (thrown) {
    throw explained(thrown, `cannot back up ${dataDirectory} to ${target}`)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/**
 * Makes a data directory from a backup. The secrets must be in the backup, or at `secretsFile` already.
 *
 * @throws EngineError when the target is not empty, the backup is newer than this program, or the secrets are missing
 */
export async function restore(source: string, dataDirectory: string, secretsFile: string): Promise<BackupReport> {
  if ((await statOrUndefined(join(source, REPORT_FILE))) === undefined) {
    throw new EngineError(
      `${source} is no backup`,
      `it has no ${REPORT_FILE}`,
      'Give the directory that `biplane backup` made.',
      2,
    )
  }
  checkFormat(source)
  await refuseUnlessEmpty(dataDirectory)
  const secretsInBackup = join(source, SECRETS_FILE)
  const hasSecrets = (await statOrUndefined(secretsInBackup)) !== undefined
  checkSecrets(source, hasSecrets, secretsFile, (await statOrUndefined(secretsFile)) !== undefined)
  const draft = `${resolve(dataDirectory)}.partial-${process.pid}`
  let hasMadeSecrets = false
  try {
    makeDirectory(draft, 0o700)
    const copied = await copyAll(source, draft)
    await writeFile(join(draft, RESTORED_FILE), '')
    await syncAll(draft, [...copied, { name: RESTORED_FILE, bytes: 0 }])
    if (hasSecrets && (await statOrUndefined(secretsFile)) === undefined) {
      makeDirectory(dirname(secretsFile))
      hasMadeSecrets = writeNewDurably(secretsFile, await readFile(secretsInBackup, 'utf8'), SECRETS_MODE)
    }
    await rm(dataDirectory, { recursive: true, force: true })
    await rename(draft, dataDirectory)
    return {
      path: resolve(dataDirectory),
      files: copied.length,
      bytes: copied.reduce((sum, file) => sum + file.bytes, 0),
    }
  } catch (thrown) {
    if (hasMadeSecrets) await rm(secretsFile, { force: true })
    throw explained(thrown, `cannot restore ${source} to ${dataDirectory}`)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

function checkSecrets(source: string, inBackup: boolean, secretsFile: string, exists: boolean): void {
  const owner = ownerOf(source)
  if (!exists) {
    if (inBackup) return
    throw new EngineError(
      'the secrets of this backup are missing',
      `it was made without --with-secrets, and there is no ${secretsFile}; without them nobody can read the data of deployment ${owner}`,
      'Put the secrets file there, or name it with --secrets.',
      2,
    )
  }
  const { deployment } = readSecrets(secretsFile)
  if (deployment === owner) return
  throw new EngineError(
    `the secrets file ${secretsFile} belongs to another deployment`,
    `it is of deployment ${deployment}, the backup of ${owner}`,
    'Move it away, or name another file with --secrets.',
    2,
  )
}

/** Runs `copy` while nothing changes the directory. */
async function quiesced(
  source: ReturnType<typeof describeDataDirectory>,
  copy: () => Promise<CopiedFile[]>,
): Promise<{ copied: CopiedFile[]; frozenMs?: number }> {
  if (readHolder(source.path) !== undefined) {
    let startMs = 0
    const copied = await whileFrozen(source, () => {
      startMs = performance.now()
      return copy()
    })
    return { copied, frozenMs: Math.round(performance.now() - startMs) }
  }
  const configFiles = PLANES.map((plane) => join(source.run, `${plane}.capnp`))
  const lock = await takeLock(source.path, configFiles, () => {})
  try {
    return { copied: await copy() }
  } finally {
    lock.release()
  }
}

interface CopiedFile {
  /** Relative to the directory. */
  readonly name: string
  readonly bytes: number
}

async function copyAll(source: string, target: string): Promise<CopiedFile[]> {
  const names: string[] = []
  for (const kept of KEPT) {
    const path = join(source, kept)
    const found = await statOrUndefined(path)
    if (found?.isFile() === true) names.push(kept)
    if (found?.isDirectory() !== true) continue
    await mkdir(join(target, kept), { recursive: true, mode: 0o700 })
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      const name = relative(source, join(entry.parentPath, entry.name))
      if (entry.isDirectory()) await mkdir(join(target, name), { recursive: true, mode: 0o700 })
      if (entry.isFile()) names.push(name)
    }
  }
  return inParallel(names, async (name) => {
    // A clone where the file system can, which takes no time and no space; a copy elsewhere.
    await copyFile(join(source, name), join(target, name), constants.COPYFILE_FICLONE)
    return { name, bytes: (await stat(join(target, name))).size }
  })
}

/** A backup that is announced must survive a power failure. */
async function syncAll(folder: string, files: readonly CopiedFile[]): Promise<void> {
  await inParallel(files, async ({ name }) => {
    const file = await open(join(folder, name), 'r')
    await file.sync().finally(() => file.close())
  })
}

async function inParallel<A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = []
  const queue = items.entries()
  await Promise.all(
    Array.from({ length: PARALLEL_COPIES }, async () => {
      for (const [index, item] of queue) results[index] = await work(item)
    }),
  )
  return results
}

async function refuseUnlessEmpty(path: string): Promise<void> {
  try {
    if ((await readdir(path)).length === 0) return
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return
    throw new EngineError(`cannot use ${path}`, String(codeOf(thrown)), 'Give a new or empty directory.', 2)
  }
  throw new EngineError(
    `${path} is not empty`,
    'what is there would be mixed with the copy',
    'Give a new or empty directory.',
    2,
  )
}

async function statOrUndefined(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path)
  } catch {
    return undefined
  }
}
