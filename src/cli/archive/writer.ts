// Writes an archive under a name of its own, which becomes the final one when the whole of it is on the disk: there is never half an archive
// under the name that was asked for.

import { createHash, type Hash } from 'node:crypto'
import { existsSync, linkSync, rmSync, statSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { EngineError, reasonOf } from '../../engine/engine-error.ts'
import {
  FORMAT,
  MAX_BODY_BYTES,
  formatJson,
  formatRecord,
  type ArchiveEnd,
  type ArchiveHeader,
  type RowBody,
} from './format.ts'

/** It holds what is private to many people. */
const MODE = 0o600

export class ArchiveWriter {
  readonly #path: string
  readonly #file: FileHandle
  #at = 0
  #whole: Hash = createHash('sha256')
  #rows = 0
  #contents = 0
  #contentBytes = 0

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** @throws EngineError when there is such a file already, or it cannot be written */
  static async create(path: string, header: ArchiveHeader): Promise<ArchiveWriter> {
    if (existsSync(path))
      throw new EngineError(`${path} is there already`, 'an archive is never overwritten', 'Choose another --out.', 2)
    try {
      // What an export left that was broken off begins anew; no link there leads anywhere else.
      rmSync(draftOf(path), { force: true })
      const writer = new ArchiveWriter(path, await open(draftOf(path), 'wx', MODE))
      await writer.#write(formatJson(FORMAT, header))
      return writer
    } catch (thrown) {
      throw new EngineError(`cannot write ${path}`, reasonOf(thrown), 'Check --out.', 2)
    }
  }

  get contentBytes(): number {
    return this.#contentBytes
  }

  async policy(body: object): Promise<void> {
    await this.#write(formatJson('policy', body))
  }

  /** A row without content. */
  async row(body: RowBody): Promise<void> {
    await this.#write(formatJson('row', body))
    this.#rows++
  }

  /** A row with its content, or, when that breaks off, nothing of it. @throws what reading the content throws */
  async rowWithContent(body: RowBody, content: AsyncIterable<Uint8Array>): Promise<void> {
    const [at, whole] = [this.#at, this.#whole.copy()]
    const digest = createHash('sha256')
    let bytes = 0
    try {
      await this.#write(formatJson('row', body))
      for await (const part of inParts(content)) {
        digest.update(part)
        bytes += part.byteLength
        await this.#write(formatRecord('content', part))
      }
      await this.#write(formatJson('content_end', { id: body.row.id, bytes, sha256: digest.digest('hex') }))
    } catch (thrown) {
      await this.#file.truncate(at)
      this.#at = at
      this.#whole = whole
      throw thrown
    }
    this.#rows++
    this.#contents++
    this.#contentBytes += bytes
  }

  /** Nothing comes of it. */
  async abandon(): Promise<void> {
    await this.#file.close()
    rmSync(draftOf(this.#path), { force: true })
  }

  async finish(): Promise<ArchiveEnd> {
    const end: ArchiveEnd = {
      rows: this.#rows,
      contents: this.#contents,
      content_bytes: this.#contentBytes,
      sha256: this.#whole.copy().digest('hex'),
    }
    await this.#write(formatJson('end', end))
    await this.#file.sync()
    const { ino } = await this.#file.stat()
    await this.#file.close()
    await this.#publish(ino)
    return end
  }

  /** Under its name, which nobody may have taken meanwhile. @throws EngineError */
  async #publish(inode: number): Promise<void> {
    const draft = draftOf(this.#path)
    try {
      if (statSync(draft).ino !== inode) throw new Error('another export has begun to write it')
      linkSync(draft, this.#path)
      rmSync(draft)
    } catch (thrown) {
      throw new EngineError(`cannot write ${this.#path}`, reasonOf(thrown), 'Choose another --out.', 1)
    }
  }

  async #write(record: Buffer): Promise<void> {
    this.#whole.update(record)
    for (let written = 0; written < record.byteLength;) {
      const { bytesWritten } = await this.#file.write(record, written, record.byteLength - written, this.#at + written)
      written += bytesWritten
    }
    this.#at += record.byteLength
  }
}

function draftOf(path: string): string {
  return `${path}.part`
}

/** As few parts as there can be: a stream comes in pieces of any size. */
async function* inParts(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = []
  let bytes = 0
  for await (const piece of content) {
    for (let from = 0; from < piece.byteLength;) {
      const taken = piece.subarray(from, from + MAX_BODY_BYTES - bytes)
      held.push(taken)
      bytes += taken.byteLength
      from += taken.byteLength
      if (bytes < MAX_BODY_BYTES) continue
      yield Buffer.concat(held)
      held = []
      bytes = 0
    }
  }
  if (bytes > 0) yield Buffer.concat(held)
}
