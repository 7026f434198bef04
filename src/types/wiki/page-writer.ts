// A page that is made piece by piece: hashed and compressed as it grows, never in memory as a whole.

import { formatEtag, toEtag } from './etag.ts'
import { gzip, openGzip } from './gzip.ts'
import { nextTurn, SLICE_BYTES } from './slices.ts'
import type { NewVersion } from './versions.ts'

export class PageWriter {
  readonly #digest = new crypto.DigestStream('SHA-256')
  readonly #hash = this.#digest.getWriter()
  readonly #gzip = openGzip()
  readonly #slice = new Uint8Array(SLICE_BYTES)
  #filled = 0
  #sizeBytes = 0

  /** Takes time only when a slice is full. The bytes may change afterwards. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + SLICE_BYTES - this.#filled)
      this.#slice.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === SLICE_BYTES) await this.#flush()
    }
  }

  /** The complete page. */
  async end(): Promise<NewVersion> {
    await this.#flush()
    const [compressed] = await Promise.all([this.#gzip.end(), this.#hash.close()])
    return { etag: formatEtag(await this.#digest.digest), sizeBytes: this.#sizeBytes, gzip: compressed }
  }

  async #flush(): Promise<void> {
    const bytes = this.#slice.slice(0, this.#filled)
    this.#sizeBytes += this.#filled
    this.#filled = 0
    await this.#hash.write(bytes)
    await this.#gzip.write(bytes)
    await nextTurn()
  }
}

/** Up to here hashing and compressing take a few milliseconds in one piece, and less than in several. */
const ONE_PIECE_BYTES = 4 * SLICE_BYTES

/** A complete page, ready to be stored. */
export async function packPage(html: Uint8Array<ArrayBuffer>): Promise<NewVersion> {
  if (html.length <= ONE_PIECE_BYTES) return { etag: await toEtag(html), sizeBytes: html.length, gzip: gzip(html) }
  const writer = new PageWriter()
  await writer.write(html)
  return writer.end()
}
