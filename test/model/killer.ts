// Kills processes with -9 while the clients go on: at numbers of operations that the seed chooses.

import { setTimeout as wait } from 'node:timers/promises'
import type { Plane } from '../support/fault-harness.ts'
import type { TestServer } from '../support/server.ts'
import { CELLS, ENGINES, allReady, engineOf, type Cell } from './cells.ts'
import type { Plan } from './driver.ts'
import type { Intent } from './intents.ts'
import { Random } from './random.ts'

type Victim = `${Cell} ${Plane}` | 'all'
export type Kills = ReadonlyMap<Victim, number>

/** A process that lives as long is started again at once when it dies; one that died young waits, longer each time. */
const GROWN_UP_MS = 2_500
/** After so many young deaths in a row everything is killed, and a new supervisor starts that knows of none. */
const YOUNG_DEATHS = 3
/** Half of them come when a move begins, at most so much later: before, within or after each of its steps. */
const MOVE_MS = 120

/** The share of the operations that comes before. */
const CALM = 0.2

/** The control plane of the first cell is everybody's; that of another one only passes on what its objects report. */
function weightOf({ cell, plane }: (typeof ENGINES)[number]): number {
  if (plane === 'data') return 10 / CELLS.length
  return cell === CELLS[0] ? 7 : 2 / (CELLS.length - 1)
}

const WEIGHTS: Readonly<Record<Victim, number>> = {
  ...(Object.fromEntries(ENGINES.map((engine) => [`${engine.cell} ${engine.plane}`, weightOf(engine)])) as Record<
    Victim,
    number
  >),
  all: 0.5,
}

interface Due {
  /** How many operations have begun. */
  readonly at: number
  readonly victim: Victim
  /** Waits for the next move, and so much longer. */
  readonly intoMoveMs?: number
}

/** One kill in each equal part of the run, after a time without. */
export class Killer {
  readonly killed: Map<Victim, number> = new Map()
  readonly #server: TestServer
  readonly #due: Due[]
  readonly #lastDeathMs = new Map<Victim, number>()
  hasBegun = false
  #youngDeaths = 0
  #begun = 0
  #killing: Promise<void> = Promise.resolve()

  constructor(server: TestServer, { seed, operations, kills }: Plan) {
    this.#server = server
    const random = new Random(~seed)
    this.#due = Array.from({ length: kills }, (_, part) => ({
      at: Math.floor(operations * (CALM + ((1 - CALM) * (part + random.next())) / kills)),
      victim: random.weighted(WEIGHTS),
      ...(random.chance(0.5) ? { intoMoveMs: random.below(MOVE_MS) } : {}),
    }))
  }

  operationBegins(kind: Intent['kind']): void {
    this.#begun++
    const [next] = this.#due
    if (next === undefined || this.#begun <= next.at) return
    if (next.intoMoveMs === undefined || kind === 'move') this.#begin(next)
  }

  #begin({ victim, intoMoveMs = 0 }: Due): void {
    this.#due.shift()
    this.hasBegun = true
    this.#killing = this.#killing.then(async () => {
      await wait(intoMoveMs)
      await this.#kill(victim)
    })
    this.#killing.catch(() => {})
  }

  /** While the others go on. One that is just starting is let start. */
  async #kill(victim: Victim): Promise<void> {
    const engine = ENGINES.find(({ cell, plane }) => `${cell} ${plane}` === victim)
    await (engine === undefined ? allReady(this.#server) : engineOf(this.#server, engine).ready())
    const nowMs = performance.now()
    const isYoung = nowMs - (this.#lastDeathMs.get(victim) ?? -Infinity) < GROWN_UP_MS
    this.#youngDeaths = isYoung ? this.#youngDeaths + 1 : 0
    this.#lastDeathMs.set(victim, nowMs)
    if (engine !== undefined && this.#youngDeaths < YOUNG_DEATHS) {
      await engineOf(this.#server, engine).kill9()
      this.#count(victim)
      return
    }
    this.#youngDeaths = 0
    await this.#server.kill9()
    await this.#server.start()
    this.#count('all')
  }

  #count(victim: Victim): void {
    this.killed.set(victim, (this.killed.get(victim) ?? 0) + 1)
  }

  /** All that are still due, and everything is up again. */
  async done(): Promise<void> {
    for (let next = this.#due[0]; next !== undefined; next = this.#due[0]) this.#begin(next)
    await this.#killing
    await allReady(this.#server)
  }
}
