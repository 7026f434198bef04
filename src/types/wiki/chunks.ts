// A stored content is split over rows: one value of a database may hold 2 MB on the strictest engine.

/** Half of the strictest engine's limit, so that a row with its key stays below it. */
export const CHUNK_BYTES: number = 1024 ** 2

/** The content as views of at most `size` bytes, in order; one empty chunk for an empty content. */
export function toChunks(bytes: Uint8Array<ArrayBuffer>, size: number = CHUNK_BYTES): Uint8Array<ArrayBuffer>[] {
  const count = Math.max(1, Math.ceil(bytes.length / size))
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}

/** The content again. Does not copy a single chunk. */
export function joinChunks(chunks: readonly ArrayBuffer[]): Uint8Array<ArrayBuffer> {
  const [first] = chunks
  if (chunks.length === 1 && first !== undefined) return new Uint8Array(first)
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let offset = 0
  for (const chunk of chunks) {
    whole.set(new Uint8Array(chunk), offset)
    offset += chunk.byteLength
  }
  return whole
}
