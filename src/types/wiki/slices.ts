// Long work on a page in slices: an engine process has one thread, and between two slices it is everybody else's.

/** Compressing this much, the dearest step, takes about two milliseconds. */
export const SLICE_BYTES: number = 256 * 1024

/** Lets everything that waits go first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}

/** Counts work: `if (slice.isFull(bytes)) await nextTurn()`. A step of more than a slice cannot be divided any more. */
export class Slice {
  #done = 0

  /** @param bytes that were worked on since the last call */
  isFull(bytes: number): boolean {
    this.#done += bytes
    if (this.#done < SLICE_BYTES) return false
    this.#done = 0
    return true
  }
}
