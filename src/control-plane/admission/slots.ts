// How many changes one account's requests may bring to their objects at a time, while others use the shard, too. The data plane serves in
// the order of arrival, and a new object takes a dozen appends to disk: fifty creations at once would be fifty that everybody else waits
// for. What has no slot waits here, where it is in nobody's way; its intent is recorded already, and the alarm goes on with it should it
// wait for long.

/** While others are there: what one waits for. */
const SLOTS_WHEN_SHARED = 2
/** With nobody to disturb: an account's calls under way are bounded anyway. */
const SLOTS = 64

interface Account {
  taken: number
  /** First come, first served. */
  readonly waiting: Set<() => void>
}

export class Slots {
  readonly #accounts = new Map<string, Account>()
  readonly #isShared: (account: string) => boolean

  /** @param isShared whether others than this account use the shard */
  constructor(isShared: (account: string) => boolean) {
    this.#isShared = isShared
  }

  /**
   * Waits for a slot.
   *
   * @param holdMs after so long another one gets it all the same: an object that hangs must not keep others from being served
   * @returns to be called when the slot is free again; undefined when there was none for `waitMs`
   */
  async take(account: string, waitMs: number, holdMs: number): Promise<(() => void) | undefined> {
    const own = this.#accounts.get(account) ?? { taken: 0, waiting: new Set() }
    this.#accounts.set(account, own)
    if (own.taken < this.#most(account)) own.taken++
    else if (!(await isWoken(own.waiting, waitMs))) return undefined
    let isHeld = true
    const leave = (): void => {
      if (!isHeld) return
      isHeld = false
      clearTimeout(timer)
      this.#pass(account, own)
    }
    const timer = setTimeout(leave, holdMs)
    return leave
  }

  #pass(account: string, own: Account): void {
    own.taken--
    for (const wake of own.waiting) {
      if (own.taken >= this.#most(account)) break
      own.taken++
      wake()
    }
    if (own.taken === 0) this.#accounts.delete(account)
  }

  #most(account: string): number {
    return this.#isShared(account) ? SLOTS_WHEN_SHARED : SLOTS
  }
}

function isWoken(waiting: Account['waiting'], waitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isNext: boolean): void => {
      waiting.delete(wake)
      clearTimeout(timer)
      resolve(isNext)
    }
    const wake = (): void => end(true)
    const timer = setTimeout(() => end(false), waitMs)
    waiting.add(wake)
  })
}
