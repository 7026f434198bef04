// A page that is made piece by piece: hashed and compressed as it grows, never in memory as a whole.

import { formatEtag } from './etag.ts'
import { openGzip } from './gzip.ts'
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
    const [gzip] = await Promise.all([this.#gzip.end(), this.#hash.close()])
    return { etag: formatEtag(await this.#digest.digest), sizeBytes: this.#sizeBytes, gzip }
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
