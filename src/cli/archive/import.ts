// biplane import: verified as a whole, then asked of the server what would be in the way, then row by row. What came from this very archive
// before is known to the server: whatever broke an import off, the same command goes on with it.

import type { Client, Session } from '../../client/index.ts'
import { BiplaneError } from '../../client/errors.ts'
import { sleep } from '../../client/transport.ts'
import { EngineError } from '../../engine/engine-error.ts'
import { addressOf, type Address } from '../connection.ts'
import { toSize } from '../output.ts'
import { progressOf } from '../progress.ts'
import { toPlain } from '../table.ts'
import type { Context } from '../verb.ts'
import { sendContent } from './content.ts'
import { Foresight, withoutAccount, type Conflict } from './foresee.ts'
import { contentParts, rowPages, type ArchivedContent, type RowPage } from './pages.ts'
import { ArchiveReader } from './reader.ts'
import { verifyArchive, type Verified } from './verify.ts'

export interface ImportFlags {
  readonly dryRun?: boolean
  readonly onConflict: 'fail' | 'skip'
}

/** What people are shown of many. */
const MAX_SHOWN = 100
/** Small content costs a round trip each: the server is kept busy by a few at once. */
const AT_ONCE = 4
/** Requests for one resource, when the server is restarting: half a minute in all. */
const ATTEMPTS = 7
const PAUSE_MS = 500

export async function importArchive(context: Context<ImportFlags>): Promise<void> {
  const { client, flags, args, out } = context
  const reader = await ArchiveReader.open(args[0] ?? '')
  try {
    const verified = await verifyWithProgress(reader)
    const session = await client.session()
    const plurals = requireFit(session, verified)
    const importer = new Importer(client, addressOf(flags), reader, verified, plurals)
    const foresight = new Foresight(client, session)
    const foreseen = await importer.foresee(foresight)
    showConflicts(out, foreseen)
    if (foreseen.length > 0 && flags.onConflict === 'fail')
      throw new EngineError(
        `${foreseen.length} of the archive's resources are in the way of what is here`,
        'each is listed above; nothing was changed',
        'A name: rename one of the two. An identifier: what is or was here is never replaced. --on-conflict skip imports the others.',
      )
    if (flags.dryRun === true) return await out.one({ ...verified.end, conflicts: foreseen.length })
    const result = await importer.run(foresight)
    showConflicts(out, result.conflicts)
    for (const { id, reason } of result.failures) out.note(`Not imported: ${id}: ${reason}`)
    const { imported, known } = result
    await out.one({ imported, known_already: known, skipped: result.conflicts.length, failed: result.failures.length })
    if (result.conflicts.length + result.failures.length > 0) process.exitCode = 1
  } catch (thrown) {
    const isUnfit = thrown instanceof BiplaneError && thrown.code === 'invalid_request'
    throw isUnfit && flags.json !== true ? toUnfit(thrown) : thrown
  } finally {
    await reader.close()
  }
}

export async function verifyWithProgress(reader: ArchiveReader): Promise<Verified> {
  const progress = progressOf('verify')
  return verifyArchive(reader, (bytes) => progress(bytes / reader.size, `${toSize(bytes)} of ${toSize(reader.size)}`))
}

/** @returns type -> plural @throws EngineError for what the server does not have */
function requireFit({ role, types, cells }: Session, { counts, cells: needed }: Verified): ReadonlyMap<string, string> {
  if (role !== 'operator')
    throw new EngineError('only the operator imports', `your role is ${role}`, 'Use the operator key.', 2)
  const plurals = new Map([
    ['account', 'accounts'],
    ...types.map(({ name, plural }): [string, string] => [name, plural]),
  ])
  const unknown = [...counts.keys()].filter((type) => !plurals.has(type))
  if (unknown.length > 0)
    throw new EngineError(
      `the server has no resource type ${unknown.join(', ')}`,
      'the archive has resources of it',
      'Serve an application that has it, or export without it: --type.',
    )
  const missing = [...needed].filter((cell) => !cells.includes(cell))
  if (missing.length > 0)
    throw new EngineError(
      `the server has no cell ${missing.join(', ')}`,
      'the identifiers of the archive have that code, and keep it',
      `Add it to the cells file, with what one of your cells has there: {"${missing[0] ?? ''}": {...}}.`,
    )
  return plurals
}

function showConflicts(out: Context['out'], conflicts: readonly Conflict[]): void {
  for (const { id, reason } of conflicts.slice(0, MAX_SHOWN)) out.note(`In the way: ${id}: ${reason}`)
  if (conflicts.length > MAX_SHOWN) out.note(`... and ${conflicts.length - MAX_SHOWN} more.`)
}

interface Result {
  imported: number
  /** Complete from an import before. */
  known: number
  readonly conflicts: Conflict[]
  readonly failures: Conflict[]
}

class Importer {
  readonly #client: Client
  readonly #address: Address
  readonly #reader: ArchiveReader
  readonly #verified: Verified
  readonly #plurals: ReadonlyMap<string, string>

  constructor(
    client: Client,
    address: Address,
    reader: ArchiveReader,
    verified: Verified,
    plurals: ReadonlyMap<string, string>,
  ) {
    this.#client = client
    this.#address = address
    this.#reader = reader
    this.#verified = verified
    this.#plurals = plurals
  }

  /** What is in the way. The server looks at every row, too. @throws BiplaneError for what it refuses */
  async foresee(foresight: Foresight): Promise<readonly Conflict[]> {
    const conflicts: Conflict[] = []
    for await (const page of rowPages(this.#reader)) {
      const outcomes = await this.#send(page, true)
      const isAtHome = await foresight.hasAccountOf(page)
      conflicts.push(...(isAtHome ? foresight.conflictsOf(page, outcomes) : withoutAccount(page)))
    }
    return conflicts
  }

  async run(foresight: Foresight): Promise<Result> {
    const progress = progressOf('import')
    const result: Result = { imported: 0, known: 0, conflicts: [], failures: [] }
    const { rows } = this.#verified.end
    let bytes = 0
    let done = 0
    const show = (): void =>
      progress(Math.min(done / Math.max(rows, 1), 0.999), `${done}/${rows} resources, ${toSize(bytes)}`)
    for await (const page of rowPages(this.#reader)) {
      if (!(await foresight.hasAccountOf(page))) {
        result.conflicts.push(...withoutAccount(page))
        done += page.rows.length
        continue
      }
      const outcomes = await this.#send(page, false)
      const conflicts = conflictsOf(outcomes)
      result.conflicts.push(...conflicts)
      const awaiting = new Set(outcomes.flatMap(({ id, outcome }) => (outcome === 'awaiting' ? [id] : [])))
      const queue = page.contents.filter(({ id }) => awaiting.has(id))
      result.known += outcomes.length - conflicts.length - queue.length
      done += outcomes.length - queue.length
      const workers = Array.from({ length: AT_ONCE }, async () => {
        for (let content = queue.shift(); content !== undefined; content = queue.shift()) {
          const failure = await this.#fill(page, content)
          if (failure === undefined) result.imported++
          else result.failures.push({ id: content.id, reason: failure })
          bytes += content.bytes
          done++
          show()
        }
      })
      await Promise.all(workers)
      show()
    }
    progress(1, `${done}/${rows} resources, ${toSize(bytes)}`)
    return result
  }

  async #send({ type, account, rows }: RowPage, dryRun: boolean) {
    // The server makes accounts its own.
    const client = type === 'account' ? this.#client : this.#client.forAccount(account)
    const resources = client.resources(this.#plurals.get(type) ?? '')
    const { sha256: archive } = this.#verified.end
    return resources.importRows({ archive, rows, ...(dryRun ? { dry_run: true } : {}) })
  }

  /** @returns why the server does not take it @throws BiplaneError when it cannot be asked */
  async #fill({ type, account }: RowPage, content: ArchivedContent): Promise<string | undefined> {
    const plural = this.#plurals.get(type) ?? ''
    const asked = { plural, id: content.id, ...(type === 'account' ? {} : { account }) }
    const { sha256: archive } = this.#verified.end
    for (let attempt = 1; ; attempt++) {
      try {
        await sendContent(this.#address, asked, { ...content, archive }, contentParts(this.#reader, content))
        return undefined
      } catch (thrown) {
        if (!(thrown instanceof BiplaneError)) throw thrown
        if (!thrown.retryable) return thrown.detail
        if (attempt === ATTEMPTS) throw thrown
        await sleep(PAUSE_MS * 2 ** (attempt - 1))
      }
    }
  }
}

/** What is refused as a whole is most often from a deployment that this one was not introduced to. */
function toUnfit({ detail }: BiplaneError): EngineError {
  return new EngineError(
    'the server does not take this archive',
    toPlain(detail),
    'Of another deployment it needs the keys to verify with. There: biplane secrets export --verify-only --out FILE. Here: biplane secrets import FILE.',
  )
}

function conflictsOf(
  outcomes: readonly { readonly id: string; readonly outcome: string; readonly reason?: string }[],
): Conflict[] {
  return outcomes.flatMap(({ id, outcome, reason = 'it is there' }) => (outcome === 'conflict' ? [{ id, reason }] : []))
}
