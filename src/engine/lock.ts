// The lock of a data directory: a file `lock.<n>` that names the supervisor and its engine processes. A taker creates the file with
// the next number (`link`, which never replaces), so of two takers at once exactly one wins; the highest number is never deleted,
// only replaced by its holder or outnumbered by the next one, so a slow taker cannot slip in under a number that was used before.

import { existsSync, linkSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError, codeOf } from './engine-error.ts'
import {
  findByArgument,
  identify,
  identifySelf,
  isAlive,
  killAndWait,
  type ProcessIdentity,
} from './process-identity.ts'

interface LockContent {
  /** undefined: released. */
  readonly supervisor?: ProcessIdentity
  readonly engines: Readonly<Record<string, ProcessIdentity>>
}

export interface Lock {
  /** Puts an engine process on record, so that the next supervisor can end it if this one cannot. */
  record(name: string, engine: ProcessIdentity): void
  release(): void
}

/**
 * Takes the lock, and ends what a killed supervisor left running.
 *
 * @param configFiles paths of configuration files: a process with one on its command line is an engine of this directory, also when
 * its supervisor died before it could record it
 * @throws EngineError when another supervisor holds it
 */
export async function takeLock(
  directory: string,
  configFiles: readonly string[],
  onOrphan: (pid: number) => void,
): Promise<Lock> {
  const { file, previous } = claim(directory)
  let content: LockContent = { supervisor: identifySelf(), engines: previous.engines }
  for (const engine of orphansOf(previous, configFiles)) {
    onOrphan(engine.pid)
    await killAndWait(engine)
  }
  content = { ...content, engines: {} }
  replace(directory, file, content)
  return {
    record(name, engine) {
      content = { ...content, engines: { ...content.engines, [name]: engine } }
      replace(directory, file, content)
    },
    release() {
      replace(directory, file, { engines: {} })
    },
  }
}

/** Who serves this directory at the moment. */
export function readHolder(directory: string): ProcessIdentity | undefined {
  if (!existsSync(directory)) return undefined
  const { content } = highest(directory)
  return content.supervisor !== undefined && isAlive(content.supervisor) ? content.supervisor : undefined
}

function claim(directory: string): { file: string; previous: LockContent } {
  for (;;) {
    const { number, content } = highest(directory)
    if (content.supervisor !== undefined && isAlive(content.supervisor)) {
      throw new EngineError(
        `another server is using ${directory}`,
        `process ${content.supervisor.pid} holds its lock`,
        'Stop that one first, or give this one another --data directory.',
      )
    }
    const file = `lock.${number + 1}`
    // The previous engines stay on record until they are ended: this taker may be killed, too.
    if (!create(directory, file, { supervisor: identifySelf(), engines: content.engines })) continue
    if (highest(directory).number !== number + 1) {
      rmSync(join(directory, file), { force: true })
      continue
    }
    for (const old of numbers(directory)) if (old <= number) rmSync(join(directory, `lock.${old}`), { force: true })
    return { file, previous: content }
  }
}

function orphansOf(previous: LockContent, configFiles: readonly string[]): ProcessIdentity[] {
  const recorded = Object.values(previous.engines).filter(isAlive)
  const found = configFiles.flatMap(findByArgument).flatMap((pid) => identify(pid) ?? [])
  return [...new Map([...recorded, ...found].map((engine) => [engine.pid, engine])).values()]
}

function numbers(directory: string): number[] {
  return readdirSync(directory)
    .flatMap((name) => /^lock\.(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
}

function highest(directory: string): { number: number; content: LockContent } {
  for (;;) {
    const number = Math.max(0, ...numbers(directory))
    if (number === 0) return { number, content: { engines: {} } }
    try {
      return { number, content: parse(readFileSync(join(directory, `lock.${number}`), 'utf8')) }
    } catch (thrown) {
      // Outnumbered and deleted between the two reads.
      if (codeOf(thrown) !== 'ENOENT') throw thrown
    }
  }
}

/** What a power failure cut off names nobody; and after one nobody of before runs. */
function parse(text: string): LockContent {
  try {
    return JSON.parse(text) as LockContent
  } catch {
    return { engines: {} }
  }
}

/** Creates a file with its content in one step; false when it exists. */
function create(directory: string, file: string, content: LockContent): boolean {
  const draft = writeDraft(directory, content)
  try {
    linkSync(draft, join(directory, file))
    return true
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') return false
    throw thrown
  } finally {
    rmSync(draft, { force: true })
  }
}

function replace(directory: string, file: string, content: LockContent): void {
  renameSync(writeDraft(directory, content), join(directory, file))
}

function writeDraft(directory: string, content: LockContent): string {
  const draft = join(directory, `.lock-draft-${process.pid}`)
  writeFileSync(draft, JSON.stringify(content))
  return draft
}
