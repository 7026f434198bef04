// The one alarm of an object, kept at the earliest due time of a table. Setting it later than a due one cancels that one, so outside
// its own handler it is only ever moved earlier; a wake-up for nothing is cheap, a lost one is not.

export class Alarm {
  readonly #storage: DurableObjectStorage
  /** What this instance set; undefined after a wake-up or a run, when the table alone decides. */
  #setForMs: number | undefined

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /**
   * Moves the alarm to `dueMs` unless it stands earlier. Not awaited: it commits with the turn's other writes. Call it last in a
   * transaction: what is rolled back later would be remembered here as set.
   */
  schedule(dueMs: number): void {
    if (this.#setForMs !== undefined && this.#setForMs <= dueMs) return
    this.#setForMs = dueMs
    void this.#storage.setAlarm(dueMs)
  }

  /** Call first in the alarm handler: there is no alarm any more. */
  fired(): void {
    this.#setForMs = undefined
  }
}
