// The archive's format (docs/archive.md): a file of records. A record is a line of JSON that says what it is, how long it is and what its
// SHA-256 is, then exactly that many bytes, then a line feed. Nothing is longer than a mebibyte, so neither side has to know a length in
// advance, or to hold more than one record.

import { createHash } from 'node:crypto'
import { EngineError } from '../../engine/engine-error.ts'
import type { ArchivedState } from '../../wire/archive.ts'

export const FORMAT = 'biplane-archive'
/** A reader refuses what is newer. */
export const FORMAT_VERSION = 1

/** Of a record's body. */
export const MAX_BODY_BYTES: number = 1024 ** 2
/** Of a record's line: its members are known, and have 150 bytes at most. */
export const MAX_LINE_BYTES = 512

/**
 * - `biplane-archive`: the first; the line has the version, the body says where it comes from
 * - `policy`: how a type's accounts were spread, as information
 * - `row`: a resource; one with content is followed by it
 * - `content`: a part of the content, as the data plane gave it
 * - `content_end`: its whole length and digest
 * - `end`: the last; counts, and the digest of everything before it
 */
export type RecordKind = typeof FORMAT | 'policy' | 'row' | 'content' | 'content_end' | 'end'
const KINDS: ReadonlySet<string> = new Set<RecordKind>([FORMAT, 'policy', 'row', 'content', 'content_end', 'end'])

export interface RecordLine {
  readonly record: RecordKind
  readonly bytes: number
  readonly sha256: string
}

/** Body of the first record. */
export interface ArchiveHeader {
  /** Identifier of the deployment that it comes from. */
  readonly deployment: string
  readonly create_time: string
  /** Names of the resource types that may be in it. */
  readonly types: readonly string[]
}

/** Body of a `row`. `row` is an ArchivedRow in its outside form; the server knows all of it, a reader of the file this much. */
export interface RowBody {
  readonly type: string
  readonly row: {
    readonly id: string
    readonly account: string
    readonly state: ArchivedState
    readonly [member: string]: unknown
  }
}

/** Body of a `content_end`. */
export interface ContentEnd {
  readonly id: string
  readonly bytes: number
  readonly sha256: string
}

/** Body of an `end`. */
export interface ArchiveEnd {
  readonly rows: number
  readonly contents: number
  readonly content_bytes: number
  /** Of every byte before this record; also the archive's name. */
  readonly sha256: string
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A whole record, ready to be written. */
export function formatRecord(record: RecordKind, body: Uint8Array): Buffer {
  const version = record === FORMAT ? { version: FORMAT_VERSION } : {}
  const line = JSON.stringify({ record, ...version, bytes: body.byteLength, sha256: sha256Of(body) })
  return Buffer.concat([Buffer.from(`${line}\n`), body, Buffer.from('\n')])
}

export function formatJson(record: RecordKind, body: object): Buffer {
  return formatRecord(record, Buffer.from(JSON.stringify(body)))
}

/** @param at where it begins @throws EngineError for what is no line of a record, or of a newer version */
export function parseLine(text: string, at: number): RecordLine {
  let line: Record<string, unknown>
  try {
    line = JSON.parse(text) as Record<string, unknown>
  } catch {
    throw broken(at, 'there is no record')
  }
  if (typeof line !== 'object' || line === null) throw broken(at, 'there is no record')
  const { record, bytes, sha256, version, ...others } = line
  if (record === FORMAT && version !== FORMAT_VERSION)
    throw new EngineError(
      'the archive is of another version',
      `it has version ${JSON.stringify(version)}, this release reads ${FORMAT_VERSION}`,
      'Use the release that made it, or a newer one.',
    )
  const isKnown = typeof record === 'string' && KINDS.has(record) && Object.keys(others).length === 0
  if (!isKnown || (record !== FORMAT && version !== undefined)) throw broken(at, 'there is no record of this format')
  if (typeof bytes !== 'number' || !Number.isInteger(bytes) || bytes < 0 || bytes > MAX_BODY_BYTES)
    throw broken(at, `a record says that it has ${JSON.stringify(bytes)} bytes, and may have ${MAX_BODY_BYTES} at most`)
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw broken(at, 'a record has no digest')
  return { record: record as RecordKind, bytes, sha256 }
}

/** @param at a position in the file, for whoever looks at it */
export function broken(at: number, why: string): EngineError {
  return new EngineError(
    'the archive is not valid',
    `at byte ${at}: ${why}`,
    'Take another copy of it, or export again; nothing of it was imported.',
  )
}
