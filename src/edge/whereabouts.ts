// Where resources are that are not where their identifiers say, as far as this isolate was told: a cache. A stale entry, like none, costs
// one more step: every place that a resource has left knows where it went, and where nothing answers, or nothing is, home is asked again.

import type { ObjectPlace } from '../identity/cell.ts'
import type { ResourceId } from '../identity/resource-id.ts'

/** Entries of some hundred bytes: resources that move are few. */
const CAPACITY = 10_000

export class Whereabouts {
  readonly #places = new Map<string, ObjectPlace>()

  placeOf({ id, cell }: ResourceId): ObjectPlace {
    return this.#places.get(id) ?? { cell }
  }

  /** @param id text of an identifier, or of anything else */
  known(id: string): ObjectPlace | undefined {
    return this.#places.get(id)
  }

  forget(id: string): void {
    this.#places.delete(id)
  }

  learn({ id, cell }: ResourceId, place: ObjectPlace): void {
    this.#places.delete(id)
    if (place.cell === cell && place.renamed !== true) return
    const [oldest] = this.#places.keys()
    if (this.#places.size >= CAPACITY && oldest !== undefined) this.#places.delete(oldest)
    this.#places.set(id, place)
  }
}
