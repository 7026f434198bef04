// The one alarm of an object, kept at the earliest due time of a table. Setting it later than a due one cancels that one, so outside its
// own handler it is only ever moved earlier; a wake-up for nothing is cheap, a lost one is not.

export class Alarm {
  readonly #storage: DurableObjectStorage
  readonly #nextDue: () => number | undefined
  /** What this instance set; undefined after a wake-up, a run or a rollback, when the table alone decides. */
  #setForMs: number | undefined

  /** @param nextDue the earliest due time in the table (milliseconds since 1970), or undefined when nothing is due ever */
  constructor(storage: DurableObjectStorage, nextDue: () => number | undefined) {
    this.#storage = storage
    this.#nextDue = nextDue
  }

  /** Sets the alarm for the table as it is now. Not awaited: it commits with the turn's other writes. */
  arm(): void {
    const dueMs = this.#nextDue()
    if (dueMs === undefined || (this.#setForMs !== undefined && this.#setForMs <= dueMs)) return
    this.#setForMs = dueMs
    void this.#storage.setAlarm(dueMs)
  }

  /** What was set is not true any more: the alarm has fired, or the transaction that set it was rolled back. */
  reset(): void {
    this.#setForMs = undefined
  }
}
