// One HTTP/1.1 connection with one request at a time, as little code as correct framing allows: a general client costs more CPU per
// request than the server that is being measured.

import { connect, type Socket } from 'node:net'

/** @param status 0 when the connection ended before the answer was complete @param head status line and headers */
export type OnAnswer = (status: number, head: string, firstBytes: Buffer) => void

const HEAD_END = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)

export class Connection {
  readonly #socket: Socket
  #onAnswer: OnAnswer | undefined
  /** What came before the headers were complete. */
  #begun: Buffer = NOTHING
  #status = 0
  #head = ''
  #firstBytes: Buffer = NOTHING
  /** Bytes of the body that are still to come. */
  #missing = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', () => this.#answer(0))
    socket.on('close', () => this.#answer(0))
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Connection(socket)))
      socket.once('error', reject)
    })
  }

  send(head: string, body: Buffer | undefined, onAnswer: OnAnswer): void {
    this.#onAnswer = onAnswer
    if (body === undefined) {
      this.#socket.write(head, 'latin1')
      return
    }
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    this.#socket.write(body)
    this.#socket.uncork()
  }

  close(): void {
    this.#onAnswer = undefined
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    if (this.#head !== '') {
      this.#missing -= chunk.length
    } else {
      const begun = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk])
      const end = begun.indexOf(HEAD_END)
      if (end === -1) {
        this.#begun = begun
        return
      }
      this.#begun = NOTHING
      this.#head = begun.toString('latin1', 0, end)
      this.#firstBytes = begun.subarray(end + HEAD_END.length)
      this.#status = Number(this.#head.slice(9, 12))
      this.#missing = bodyLength(this.#status, this.#head) - this.#firstBytes.length
    }
    if (this.#missing === 0) this.#answer(this.#status)
  }

  #answer(status: number): void {
    const onAnswer = this.#onAnswer
    const head = this.#head
    this.#onAnswer = undefined
    this.#head = ''
    onAnswer?.(status, head, this.#firstBytes)
  }
}

/** @throws Error for a body of unknown length: nothing that is measured here streams */
function bodyLength(status: number, head: string): number {
  if (status === 204 || status === 304) return 0
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`an answer without Content-Length:\n${head}`)
  return Number(length)
}
