// Lines of a stream, and the bytes that follow the last line that was taken.

import { ResourceError } from '../wire/errors.ts'

/** A row with a few values of the largest size, as base64. */
export const MAX_LINE_BYTES: number = 32 * 1024 ** 2
const NEWLINE = 10

export class LineReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  /** What was read and not taken. */
  #rest: Uint8Array = new Uint8Array(0)

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader()
  }

  /**
   * The next line, without its end; undefined after the last.
   *
   * @throws ResourceError `invalid_request` for what is no text, or a line without an end
   */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE)
      if (end !== -1) {
        const line = this.#rest.subarray(0, end)
        this.#rest = this.#rest.subarray(end + 1)
        return this.#decode(line)
      }
      const more = await this.#readLine()
      if (more === undefined) {
        const line = this.#rest
        this.#rest = new Uint8Array(0)
        return line.length === 0 ? undefined : this.#decode(line)
      }
      this.#rest = more
    }
  }

  /** What was not taken yet. Nothing else may be read afterwards. */
  rest(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        if (this.#rest.length > 0) controller.enqueue(this.#rest)
      },
      pull: async (controller) => {
        const { value, done } = await this.#reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => this.#reader.cancel(reason),
    })
  }

  /** What is held and more, up to a line's end; undefined when there is no more. */
  async #readLine(): Promise<Uint8Array | undefined> {
    const parts = [this.#rest]
    let size = this.#rest.length
    for (;;) {
      const { value, done } = await this.#reader.read()
      if (done) {
        if (parts.length === 1) return undefined
        break
      }
      parts.push(value)
      size += value.length
      if (value.includes(NEWLINE)) break
      if (size > MAX_LINE_BYTES) throw new ResourceError('invalid_request', 'A line of the content is too long.')
    }
    const joined = new Uint8Array(size)
    let offset = 0
    for (const part of parts) {
      joined.set(part, offset)
      offset += part.length
    }
    return joined
  }

  #decode(line: Uint8Array): string {
    try {
      return this.#decoder.decode(line)
    } catch {
      throw new ResourceError('invalid_request', 'The content is not UTF-8.')
    }
  }
}
