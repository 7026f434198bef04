// Reads the records of an archive, one after the other, from a file that may be anybody's: every length is bounded before anything is
// allocated, and what is read is held to its digest.

import { open, type FileHandle } from 'node:fs/promises'
import { EngineError, reasonOf } from '../../engine/engine-error.ts'
import { FORMAT, MAX_LINE_BYTES, broken, parseLine, sha256Of, type RecordLine } from './format.ts'

export interface ReadRecord extends RecordLine {
  /** Where it begins, and where the next one does. */
  readonly at: number
  readonly next: number
  readonly bodyAt: number
}

const LINE_FEED = 0x0a
const GZIP = 0x1f8b
const ZSTD = 0x28b5

export class ArchiveReader {
  readonly size: number
  readonly #file: FileHandle

  private constructor(file: FileHandle, size: number) {
    this.#file = file
    this.size = size
  }

  /** @throws EngineError when it cannot be read, or does not begin as an archive */
  static async open(path: string): Promise<ArchiveReader> {
    let file: FileHandle
    try {
      file = await open(path, 'r')
    } catch (thrown) {
      throw new EngineError(`cannot read ${path}`, reasonOf(thrown), 'Check the name.', 2)
    }
    const about = await file.stat()
    const reader = new ArchiveReader(file, about.size)
    try {
      if (!about.isFile()) throw new EngineError(`cannot read ${path}`, 'it is no file', 'Name the archive.', 2)
      await reader.#requireFormat()
    } catch (thrown) {
      await file.close()
      throw thrown
    }
    return reader
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  /** What stands in the line at a position; its body is not read. @throws EngineError */
  async line(at: number): Promise<ReadRecord> {
    const most = Math.min(MAX_LINE_BYTES, this.size - at)
    const begin = await this.bytes(at, most)
    const end = begin.indexOf(LINE_FEED)
    if (end === -1) throw broken(at, most < MAX_LINE_BYTES ? CUT_OFF : 'a record begins with too long a line')
    const line = parseLine(begin.subarray(0, end).toString(), at)
    const bodyAt = at + end + 1
    const next = bodyAt + line.bytes + 1
    if (next > this.size) throw broken(at, CUT_OFF)
    return { ...line, at, bodyAt, next }
  }

  /** The body, held to its digest. @throws EngineError */
  async body({ at, bodyAt, bytes, sha256 }: ReadRecord): Promise<Buffer> {
    const read = await this.bytes(bodyAt, bytes + 1)
    const body = read.subarray(0, bytes)
    if (read[bytes] !== LINE_FEED) throw broken(at, 'a record is longer than it says')
    if (sha256Of(body) !== sha256) throw broken(at, 'a record is not what its digest says')
    return body
  }

  async json<T>(record: ReadRecord): Promise<T> {
    const body = await this.body(record)
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as T
    } catch {
      throw broken(record.at, `a record "${record.record}" is no JSON`)
    }
  }

  /** Bytes as they are. @throws EngineError when there are fewer */
  async bytes(at: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length)
    for (let read = 0; read < length;) {
      const { bytesRead } = await this.#file.read(buffer, read, length - read, at + read)
      if (bytesRead === 0) throw broken(at + read, CUT_OFF)
      read += bytesRead
    }
    return buffer
  }

  async #requireFormat(): Promise<void> {
    const begin = await this.bytes(0, Math.min(2, this.size))
    const magic = begin.length === 2 ? begin.readUInt16BE() : 0
    if (magic === GZIP || magic === ZSTD)
      throw new EngineError(
        'the archive is compressed',
        'this command reads archives as they are, so that a small file cannot become an endless one',
        'Decompress it first, with gunzip or zstd -d.',
      )
    const { record } = await this.line(0)
    if (record !== FORMAT) throw broken(0, 'it does not begin as an archive')
  }
}

const CUT_OFF = 'the file ends before the archive does'
