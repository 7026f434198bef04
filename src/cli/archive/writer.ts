// Writes an archive under a name of its own, which becomes the final one when the whole of it is on the disk: there is never half an archive
// under the name that was asked for.

import { createHash, type Hash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { EngineError, codeOf, reasonOf } from '../../engine/engine-error.ts'
import { publish } from '../../engine/publish.ts'
import { draftOf, sweepDrafts } from './draft.ts'
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
  readonly #draft: string
  readonly #file: FileHandle
  #at = 0
  #whole: Hash = createHash('sha256')
  #rows = 0
  #contents = 0
  #contentBytes = 0

  private constructor(path: string, draft: string, file: FileHandle) {
    this.#path = path
    this.#draft = draft
    this.#file = file
  }

  /** @throws EngineError when there is such a file already, or it cannot be written */
  static async create(path: string, header: ArchiveHeader): Promise<ArchiveWriter> {
    if (existsSync(path))
      throw new EngineError(`${path} is there already`, 'an archive is never overwritten', 'Choose another --out.', 2)
    try {
      sweepDrafts(path, Date.now())
      const draft = draftOf(path)
      const writer = new ArchiveWriter(path, draft, await open(draft, 'wx', MODE))
      await writer.#write(formatJson(FORMAT, header))
      return writer
    } catch (thrown) {
      if (thrown instanceof EngineError) throw thrown
      throw new EngineError(`cannot write ${path}`, reasonOf(thrown), 'Check --out.', 2)
    }
  }

  get contents(): number {
    return this.#contents
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
    await this.#file.close().catch(() => {})
    this.remove()
  }

  /** At once: this process is about to end. */
  remove(): void {
    rmSync(this.#draft, { force: true })
  }

  /** @throws EngineError when the end cannot be written; or when somebody has taken the name, and then the draft stays */
  async finish(): Promise<ArchiveEnd> {
    const end: ArchiveEnd = {
      rows: this.#rows,
      contents: this.#contents,
      content_bytes: this.#contentBytes,
      sha256: this.#whole.copy().digest('hex'),
    }
    try {
      await this.#write(formatJson('end', end))
      await this.#file.sync()
      await this.#file.close()
    } catch (thrown) {
      await this.abandon()
      throw this.#unwritten(thrown)
    }
    this.#publish()
    return end
  }

  #publish(): void {
    try {
      publish(this.#draft, this.#path)
    } catch (thrown) {
      const why = codeOf(thrown) === 'EEXIST' ? 'something else has come to be there meanwhile' : reasonOf(thrown)
      throw new EngineError(
        `cannot give the archive its name ${this.#path}`,
        why,
        `It is whole: rename ${this.#draft}.`,
      )
    }
  }

  #unwritten(thrown: unknown): EngineError {
    if (thrown instanceof EngineError) return thrown
    return new EngineError(`cannot write ${this.#path}`, reasonOf(thrown), 'Make room, or choose another --out.')
  }

  async #write(record: Buffer): Promise<void> {
    this.#whole.update(record)
    try {
      for (let written = 0; written < record.byteLength;) {
        const left = record.byteLength - written
        const { bytesWritten } = await this.#file.write(record, written, left, this.#at + written)
        written += bytesWritten
      }
    } catch (thrown) {
      throw this.#unwritten(thrown)
    }
    this.#at += record.byteLength
  }
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
