// The other side of `fault(name)`: a small HTTP server that a test build asks for leave at every fault point. An armed point kills an
// engine process (-9) while the caller is held exactly there.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Plane = 'data' | 'control'

export class FaultHarness {
  readonly #server: Server
  readonly #kill: (plane: Plane) => Promise<void>
  readonly #armed = new Map<string, Plane>()
  readonly #kills = new Map<string, Promise<void>>()
  readonly #held = new Map<string, Promise<void>>()
  readonly #hits = new Map<string, number>()
  #waiters: (() => void)[] = []

  private constructor(kill: (plane: Plane) => Promise<void>) {
    this.#kill = kill
    this.#server = createServer((request, response) => {
      void this.#onPoint(decodeURIComponent((request.url ?? '/').slice(1))).then(() => response.end())
    })
  }

  /** @param kill ends the named engine process, resolves when it is gone */
  static async start(kill: (plane: Plane) => Promise<void>): Promise<FaultHarness> {
    const harness = new FaultHarness(kill)
    harness.#server.listen(0, '127.0.0.1')
    await once(harness.#server, 'listening')
    return harness
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The next execution of the point kills that process, once. */
  arm(name: string, victim: Plane): void {
    this.#armed.set(name, victim)
  }

  /** The next execution of the point waits there until the answered function is called. */
  hold(name: string): () => void {
    let release: (() => void) | undefined
    this.#held.set(name, new Promise((resolve) => (release = resolve)))
    return () => release?.()
  }

  disarm(): void {
    this.#armed.clear()
  }

  /** How often execution passed a point. */
  hits(name: string): number {
    return this.#hits.get(name) ?? 0
  }

  /** Names of all points that execution passed. */
  get seen(): string[] {
    return [...this.#hits.keys()]
  }

  /** Resolves when execution has reached the point `times` times (since the start), and the victim of an armed one is gone. */
  async hit(name: string, times = 1): Promise<void> {
    while (this.hits(name) < times) await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #onPoint(name: string): Promise<void> {
    const victim = this.#armed.get(name)
    if (victim !== undefined) {
      this.#armed.delete(name)
      this.#kills.set(name, this.#kill(victim))
    }
    // Also who passes beside the one that is killed: a hit means that the victim is gone.
    await this.#kills.get(name)
    this.#hits.set(name, this.hits(name) + 1)
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
    const held = this.#held.get(name)
    this.#held.delete(name)
    await held
  }
}
