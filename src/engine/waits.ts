// What a restored cell still waits for, told to the operator: at once when it is news, and then every minute for as long as it lasts.

/** Often enough for whoever looks at the log when clients complain. */
const SAY_EVERY_MS = 60_000

export class Waits {
  readonly #say: (reasons: string) => void
  readonly #reasons = new Map<string, string>()
  readonly #told = new Set<string>()
  readonly #timer: ReturnType<typeof setInterval>

  constructor(say: (reasons: string) => void) {
    this.#say = say
    this.#timer = setInterval(() => this.#sayAll(), SAY_EVERY_MS)
    this.#timer.unref()
  }

  /** @param kind of reason: said at once when it is the first of its kind. What simply takes its time is no news. */
  add(type: string, kind: 'running' | (string & {}), reason: string): void {
    this.#reasons.set(type, reason)
    if (kind === 'running' || this.#told.has(kind)) return
    this.#told.add(kind)
    this.#sayAll()
  }

  remove(type: string): void {
    this.#reasons.delete(type)
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #sayAll(): void {
    const types = new Map<string, string[]>()
    for (const [type, reason] of this.#reasons) types.set(reason, [...(types.get(reason) ?? []), type])
    if (types.size > 0) this.#say(Array.from(types, ([reason, some]) => `${some.join(', ')}: ${reason}`).join(' '))
  }
}
