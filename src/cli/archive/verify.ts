// Reads an archive from its beginning to its end and holds everything to everything: form, order, lengths, digests, counts. What is imported
// has passed this; what is in a row, the server looks at by itself.

import { createHash } from 'node:crypto'
import { parseResourceId } from '../../identity/resource-id.ts'
import { FORMAT, broken, type ArchiveEnd, type ArchiveHeader, type ContentEnd, type RowBody } from './format.ts'
import type { ArchiveReader, ReadRecord } from './reader.ts'

export interface Verified {
  readonly header: ArchiveHeader
  readonly end: ArchiveEnd
  /** Type -> how many rows of each state. */
  readonly counts: ReadonlyMap<string, Readonly<Record<RowBody['row']['state'], number>>>
  /** Codes that its identifiers have. */
  readonly cells: ReadonlySet<string>
}

/** @param onProgress bytes that were read @throws EngineError at the first thing that is not as it must be */
export async function verifyArchive(reader: ArchiveReader, onProgress: (bytes: number) => void): Promise<Verified> {
  const verification = new Verification(reader)
  for (let at = 0; ;) {
    const record = await reader.line(at)
    const verified = await verification.take(record)
    at = record.next
    onProgress(at)
    if (verified !== undefined) return verified
  }
}

/** A row whose content is being read. */
interface Open {
  readonly id: string
  readonly digest: ReturnType<typeof createHash>
  bytes: number
}

class Verification {
  readonly #reader: ArchiveReader
  readonly #whole = createHash('sha256')
  readonly #ids = new Set<string>()
  readonly #cells = new Set<string>()
  readonly #counts = new Map<string, Record<RowBody['row']['state'], number>>()
  #header: ArchiveHeader | undefined
  #open: Open | undefined
  #contents = 0
  #contentBytes = 0

  constructor(reader: ArchiveReader) {
    this.#reader = reader
  }

  /** @returns the result, after the last record */
  async take(record: ReadRecord): Promise<Verified | undefined> {
    const { at, bodyAt, next } = record
    if ((record.record === FORMAT) !== (at === 0)) throw broken(at, 'a record stands where it cannot')
    const isOfContent = record.record === 'content' || record.record === 'content_end'
    if (isOfContent !== (this.#open !== undefined)) throw broken(at, 'content stands where it cannot, or is missing')
    const body = await this.#reader.body(record)
    if (record.record === 'end') return this.#finish(record, await this.#reader.json<ArchiveEnd>(record))
    this.#whole.update(await this.#reader.bytes(at, bodyAt - at))
    this.#whole.update(body).update('\n')
    switch (record.record) {
      case FORMAT:
        this.#header = toHeader(record, await this.#reader.json(record))
        break
      case 'policy':
        break
      case 'row':
        this.#row(record, await this.#reader.json(record))
        break
      case 'content':
        this.#open?.digest.update(body)
        if (this.#open !== undefined) this.#open.bytes += body.byteLength
        break
      case 'content_end':
        this.#contentEnd(record, await this.#reader.json<ContentEnd>(record))
        break
    }
    if (next >= this.#reader.size) throw broken(next, 'the file ends before the archive does')
    return undefined
  }

  #row({ at }: ReadRecord, { type, row }: Partial<RowBody>): void {
    const { id = '', account, state } = (row ?? {}) as Partial<RowBody['row']>
    const parsed = typeof id === 'string' ? parseResourceId(id) : undefined
    if (parsed?.format !== 'named' || parsed.type !== type)
      throw broken(at, `a row has no identifier of its type "${String(type)}"`)
    if (!this.#header?.types.includes(type))
      throw broken(at, `the type "${type}" is none of those that the archive names`)
    if (typeof account !== 'string' || !/^[\x21-\x7e]{1,100}$/.test(account))
      throw broken(at, `${id} belongs to no account`)
    if (state !== 'live' && state !== 'deleted' && state !== 'purged') throw broken(at, `${id} has no known state`)
    if (this.#ids.has(id)) throw broken(at, `${id} is there twice`)
    this.#ids.add(id)
    this.#cells.add(parsed.cell)
    const counts = this.#counts.get(type) ?? { live: 0, deleted: 0, purged: 0 }
    counts[state]++
    this.#counts.set(type, counts)
    if (state !== 'purged') this.#open = { id, digest: createHash('sha256'), bytes: 0 }
  }

  #contentEnd({ at }: ReadRecord, { id, bytes, sha256 }: ContentEnd): void {
    const open = this.#open
    if (open === undefined || open.id !== id || open.bytes !== bytes || open.digest.digest('hex') !== sha256)
      throw broken(at, `the content of ${open?.id ?? 'nothing'} is not what its end says`)
    this.#open = undefined
    this.#contents++
    this.#contentBytes += bytes
  }

  #finish({ at, next }: ReadRecord, end: ArchiveEnd): Verified {
    if (end.sha256 !== this.#whole.digest('hex')) throw broken(at, 'the archive is not what its digest says')
    const isCounted =
      end.rows === this.#ids.size && end.contents === this.#contents && end.content_bytes === this.#contentBytes
    if (!isCounted) throw broken(at, 'the archive does not have as much as its end says')
    if (next !== this.#reader.size) throw broken(next, 'something follows the end of the archive')
    if (this.#header === undefined) throw broken(0, 'it does not begin as an archive')
    return { header: this.#header, end, counts: this.#counts, cells: this.#cells }
  }
}

function toHeader({ at }: ReadRecord, header: Partial<ArchiveHeader>): ArchiveHeader {
  const { deployment, create_time, types } = header
  const isWhole =
    typeof deployment === 'string' &&
    typeof create_time === 'string' &&
    Array.isArray(types) &&
    types.every((type) => typeof type === 'string')
  if (!isWhole) throw broken(at, 'it does not say where it comes from')
  return { deployment, create_time, types }
}
