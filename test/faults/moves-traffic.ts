// Writers and readers of several accounts, which remember what they were told. A writer repeats a write until it is acknowledged, as a
// client with an idempotency key does; a reader looks for what was acknowledged before it asked.

import { setTimeout as sleep } from 'node:timers/promises'
import type { ResourceJson } from '../../src/wire/resource.ts'
import type { Plane } from '../support/fault-harness.ts'
import { json } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { change } from '../support/shards.ts'

interface Delay {
  readonly ms: number
  /** Refused at least once, since its account was on the way. */
  readonly wasRefused: boolean
  readonly sawDeath: boolean
}

interface Crate {
  readonly id: string
  readonly account: string
  /** The number that was acknowledged last. */
  last: number
  isBusy: boolean
}

/** A new one in so many writes: each needs an object of its own. */
const CREATE_SHARE = 0.08
const WRITERS = 24
const READERS = 3
const RETRY_MS = 20
/** Longer than any process needs to come back, and any move to end. */
const GIVE_UP_MS = 15_000
/** A refusal that another attempt overcomes. */
const REPEATED: ReadonlySet<number> = new Set([503, 504])

function largest(delays: readonly Delay[]): string {
  return Math.max(0, ...delays.map(({ ms }) => ms)).toFixed(0)
}

export class Traffic {
  /** Reads that were not answered although no process was dead, or not with what was acknowledged. */
  readonly failedReads: string[] = []
  /** Answers to writes that no client can do anything with. */
  readonly strangeAnswers: string[] = []
  readonly #server: TestServer
  readonly #accounts: readonly string[]
  readonly #random: () => number
  readonly #crates: Crate[] = []
  readonly #pauseMs: number
  readonly #delays: Delay[] = []
  /** Deaths so far; odd numbers: one is under way. */
  #deaths = 0
  #reads = 0
  #kills = 0
  #isOver = false
  #begunMs = 0
  #endedMs = 0
  #number = 0

  constructor(server: TestServer, accounts: readonly string[], random: () => number, writesPerSecond: number) {
    this.#server = server
    this.#accounts = accounts
    this.#random = random
    this.#pauseMs = (1000 * WRITERS) / writesPerSecond
  }

  get total(): number {
    return this.#crates.length
  }

  /** What an account has, in the order of creation. */
  cratesOf(account: string): readonly Crate[] {
    return this.#crates.filter((crate) => crate.account === account)
  }

  async run(): Promise<void> {
    const writers = Array.from({ length: WRITERS }, () => this.#write())
    const readers = Array.from({ length: READERS }, () => this.#read())
    await Promise.all([...writers, ...readers])
  }

  stop(): void {
    this.#isOver = true
    this.#endedMs = performance.now()
  }

  /** Until so many writes were acknowledged; they warm everything up, and do not count. */
  async warmUp(writes: number): Promise<void> {
    while (this.#delays.length < writes) await sleep(RETRY_MS)
    this.#delays.length = 0
    this.#begunMs = performance.now()
  }

  /** Kills a process after a while, and waits until it is back. */
  async kill(plane: Plane, afterMs: number): Promise<void> {
    await sleep(afterMs)
    this.#deaths++
    this.#kills++
    await this.#server[plane].kill9()
    await this.#server[plane].ready()
    this.#deaths++
  }

  summary(): string {
    const seconds = (this.#endedMs - this.#begunMs) / 1000
    const refused = this.#delays.filter(({ wasRefused }) => wasRefused)
    return (
      `${this.#delays.length} writes (${(this.#delays.length / seconds).toFixed(0)}/s), ${this.#reads} reads, ${this.total} crates, ` +
      `${this.#kills} kills; ${refused.length} writes were refused for a while; largest delay of a write ` +
      `${largest(refused.filter(({ sawDeath }) => !sawDeath))} ms by a move alone, ${largest(this.#delays)} ms by all that happened`
    )
  }

  async #write(): Promise<void> {
    while (!this.#isOver) {
      const begun = performance.now()
      const free = this.#crates.filter(({ isBusy }) => !isBusy)
      const crate = free[Math.floor(this.#random() * free.length)]
      if (crate === undefined || this.#random() < CREATE_SHARE) await this.#create()
      else await this.#update(crate)
      await sleep(Math.max(0, this.#pauseMs - (performance.now() - begun)))
    }
  }

  async #create(): Promise<void> {
    const account = this.#accounts[Math.floor(this.#random() * this.#accounts.length)] ?? ''
    const name = `crate-${++this.#number}`
    const init = json('POST', { name, metadata: { n: '0' } }, { 'idempotency-key': name })
    const { id } = await this.#acknowledged(account, '', init)
    this.#crates.push({ id, account, last: 0, isBusy: false })
  }

  async #update(crate: Crate): Promise<void> {
    crate.isBusy = true
    const next = crate.last + 1
    await this.#acknowledged(crate.account, crate.id, json('PATCH', { metadata: { n: String(next) } }))
    crate.last = next
    crate.isBusy = false
  }

  async #acknowledged(account: string, id: string, init: RequestInit): Promise<ResourceJson> {
    const begun = performance.now()
    const deaths = this.#deaths
    let wasRefused = false
    for (;;) {
      const answer = await change(this.#server, account, id, init).catch(() => undefined)
      const body = await answer?.text().catch(() => undefined)
      if (answer !== undefined && body !== undefined && answer.status < 300) {
        const sawDeath = deaths !== this.#deaths || deaths % 2 === 1
        this.#delays.push({ ms: performance.now() - begun, wasRefused, sawDeath })
        return JSON.parse(body) as ResourceJson
      }
      wasRefused ||= body?.includes('being moved') === true
      const isExpected =
        answer === undefined || body === undefined || REPEATED.has(answer.status) || body.includes('"not_ready"')
      if (!isExpected) this.strangeAnswers.push(`${answer.status} ${body}`)
      if (performance.now() - begun > GIVE_UP_MS)
        throw new Error(`${init.method} ${id} of ${account} came to no end: ${answer?.status} ${body}`)
      await sleep(RETRY_MS)
    }
  }

  async #read(): Promise<void> {
    while (!this.#isOver) {
      const crate = this.#crates[Math.floor(this.#random() * this.#crates.length)]
      if (crate !== undefined) await this.#readOne(crate)
      await sleep(RETRY_MS)
    }
  }

  /** A process that is dead answers nobody: what was asked meanwhile is asked again. */
  async #readOne({ id, account, last }: Crate): Promise<void> {
    for (;;) {
      const deaths = this.#deaths
      const answer = await change(this.#server, account, id, {}).catch((error: unknown) => String(error))
      const text = typeof answer === 'string' ? answer : await answer.text().catch(String)
      this.#reads++
      const isGood = typeof answer !== 'string' && answer.status === 200
      if (isGood && Number((JSON.parse(text) as ResourceJson).metadata['n']) >= last) return
      if (deaths === this.#deaths && deaths % 2 === 0) {
        this.failedReads.push(
          `${id} of ${account}, ${last}: ${typeof answer === 'string' ? '' : answer.status} ${text}`,
        )
        return
      }
      await sleep(RETRY_MS)
    }
  }
}
