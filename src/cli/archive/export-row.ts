// One resource into an archive: its row and its content as of one moment, again when either changed meanwhile or did not come. What cannot be had
// after some attempts is left out, with the reason; that is no reason to be without all the others.

import type { ArchivedResource, Client } from '../../client/index.ts'
import { BiplaneError } from '../../client/errors.ts'
import { sleep } from '../../client/transport.ts'
import { markOf } from '../../wire/archive.ts'
import type { Address } from '../connection.ts'
import { fetchContent } from './content.ts'
import { ACCOUNTS, type ExportedType } from './export-scope.ts'
import type { ArchiveWriter } from './writer.ts'

/** For one resource; the pauses between them, which double, are a quarter of a minute in all. */
const ATTEMPTS = 6
const PAUSE_MS = 500
/** No attempt for a resource begins later than this after the first, but for the second: a large one may take longer than that. */
const PATIENCE_MS = 120_000
/** When so much was lost on what was left out in the end, each has one attempt: a cell that is down has many. */
const TOTAL_PATIENCE_MS = 600_000

/** Of whoever asks, not of what is asked for: nothing else would be had either. */
const OF_THE_CALLER: ReadonlySet<string> = new Set(['unauthenticated', 'permission_denied', 'suspended'])

/** What is to be exported: a row as it was read, perhaps a while ago. */
export interface Exported {
  readonly type: ExportedType
  readonly account: string
  readonly row: ArchivedResource
}

/** It was not written this time. */
interface Missed {
  readonly why: string
  /** Nothing else comes of another attempt. */
  readonly isFinal?: boolean
  /** As it is now, if that was read. */
  readonly row?: ArchivedResource
}

export class RowExporter {
  /** Identifier -> why. */
  readonly leftOut: Map<string, string> = new Map()
  readonly #written = new Set<string>()
  readonly #client: Client
  readonly #address: Address
  readonly #writer: ArchiveWriter
  #lostMs = 0

  constructor(client: Client, address: Address, writer: ArchiveWriter) {
    this.#client = client
    this.#address = address
    this.#writer = writer
  }

  /**
   * Writes it, or leaves it out. What was written already is not written again: it was given to an account that came later, or its name was used
   * again, and twice is no archive.
   *
   * @throws when the server is gone, or refuses everything; or when the archive cannot be written
   */
  async export({ type, account, row: read }: Exported): Promise<void> {
    if (this.#written.has(read.id)) return
    const begin = performance.now()
    let row = read
    for (let attempt = 1; ; attempt++) {
      const missed = await this.#attempt({ type, account, row })
      if (missed === undefined) break
      const lostMs = performance.now() - begin
      const isLast = attempt === ATTEMPTS || (attempt > 1 && lostMs > PATIENCE_MS) || this.#lostMs > TOTAL_PATIENCE_MS
      if (missed.isFinal === true || isLast) {
        // Without a server the export ends here.
        if (missed.isFinal !== true) await this.#read({ type, account, row })
        this.#lostMs += lostMs
        this.leftOut.set(read.id, missed.why)
        return
      }
      // A change has passed already; what goes on is waited for.
      if (attempt > 1 || missed.row === undefined) await sleep(PAUSE_MS * 2 ** (attempt - 1))
      row = missed.row ?? row
    }
    this.#written.add(read.id)
    // Of the account that had it before.
    this.leftOut.delete(read.id)
  }

  async #attempt(exported: Exported): Promise<Missed | undefined> {
    const { type, account, row } = exported
    const body = { type: type.name, row }
    if (row.state === 'purged') {
      await this.#writer.row(body)
      return undefined
    }
    const asked = { plural: type.plural, id: row.id, ...(type === ACCOUNTS ? {} : { account }) }
    try {
      const { mark, content, discard } = await fetchContent(this.#address, asked)
      if (mark !== undefined && mark !== markOfRow(row)) {
        discard()
        throw new RowChanged(await this.#read(exported))
      }
      await this.#writer.rowWithContent(body, this.#whileUnchanged(exported, content))
      return undefined
    } catch (thrown) {
      if (thrown instanceof RowChanged) return thrown.row === undefined ? GONE : { why: CHANGING, row: thrown.row }
      if (!(thrown instanceof BiplaneError) || OF_THE_CALLER.has(thrown.code)) throw thrown
      return this.#toMissed(exported, thrown)
    }
  }

  /** The content, and an end of it only if the row is still the same: what was written to it is not more open, nor older, than it says. */
  async *#whileUnchanged(exported: Exported, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* content
    const now = await this.#read(exported)
    if (now === undefined || markOfRow(now) !== markOfRow(exported.row)) throw new RowChanged(now)
  }

  async #toMissed(exported: Exported, { code, detail, retryable }: BiplaneError): Promise<Missed> {
    if (code !== 'deleted' && code !== 'not_found')
      return { why: code === 'network' ? `${detail} ${BROKEN_OFF}` : detail, isFinal: !retryable }
    // It has come to another state since its row was read.
    const row = await this.#read(exported)
    return row === undefined ? GONE : { why: detail, row }
  }

  /** @returns undefined when the account does not have it any more, or it is not finished */
  async #read({ type, account, row: { id } }: Exported): Promise<ArchivedResource | undefined> {
    const client = type === ACCOUNTS ? this.#client : this.#client.forAccount(account)
    try {
      const { data } = await client.resources(type.plural).exportRows({ resource: id }).page()
      return data[0]
    } catch (thrown) {
      if (!(thrown instanceof BiplaneError) || thrown.code !== 'not_found') throw thrown
      return undefined
    }
  }
}

const CHANGING =
  'It was changed at every attempt, between its row and the end of its content: make it read-only first, or try again.'
const BROKEN_OFF = 'A large one breaks off when it is written to meanwhile: make it read-only first, or try again.'
const GONE: Missed = { why: 'It was given to another account meanwhile, or is no more.', isFinal: true }

class RowChanged extends Error {
  readonly row: ArchivedResource | undefined

  constructor(row: ArchivedResource | undefined) {
    super('The row has changed')
    this.row = row
  }
}

function markOfRow({ incarnation, version, revision }: ArchivedResource): string {
  return markOf({ incarnation: Number(incarnation), version: Number(version), revision: Number(revision) })
}
