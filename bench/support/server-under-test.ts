/** What rows need of a running server, whichever it is. */
export interface ServerUnderTest {
  readonly name: string
  readonly port: number
  /** Every process that works for it. */
  pids(): readonly number[]
  stop(): Promise<void>
}
