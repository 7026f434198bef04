// What would be in the way of an import, before anything is changed: what the server says of each row, and what only the archive as a whole
// tells. Its rows are of several moments, so two may have one name; and an account may be neither in it nor here.

import type { Client, ImportedResource, Session } from '../../client/index.ts'
import { BiplaneError } from '../../client/errors.ts'
import { toNameKey } from '../../identity/caller-name.ts'
import type { RowPage } from './pages.ts'

export interface Conflict {
  readonly id: string
  readonly reason: string
}

const ACCOUNTS = 'accounts'

export class Foresight {
  readonly #client: Client
  /** Accounts that are here, or come before what belongs to them. */
  readonly #accounts: Set<string>
  /** Whoever signs people in by himself keeps accounts by himself. */
  #hasAccounts: Promise<boolean> | undefined
  readonly #absent = new Set<string>()
  readonly #names = new Set<string>()

  constructor(client: Client, session: Session) {
    this.#client = client
    this.#accounts = new Set([session.account, ...(session.own_accounts ?? [])])
  }

  /** Whether what belongs to it can come in; asked of the server once. */
  async hasAccountOf({ type, account, rows }: RowPage): Promise<boolean> {
    const needsNone = type === 'account' || rows.every(({ state }) => state === 'purged')
    if (needsNone || this.#accounts.has(account)) return true
    if (!this.#absent.has(account)) {
      const known = (await this.#isHere(account)) ? this.#accounts : this.#absent
      known.add(account)
    }
    return this.#accounts.has(account)
  }

  /** @param outcomes what the server says of the page's rows */
  conflictsOf({ type, account, rows }: RowPage, outcomes: readonly ImportedResource[]): Conflict[] {
    const states = new Map(outcomes.map((outcome) => [outcome.id, outcome]))
    return rows.flatMap(({ id, state, name }) => {
      const { outcome, reason = 'it is there' } = states.get(id) ?? {}
      if (outcome === 'conflict') return [{ id, reason }]
      if (type === 'account' && state !== 'purged') this.#accounts.add(id)
      if (outcome !== 'awaiting' || state !== 'live' || typeof name !== 'string') return []
      const key = JSON.stringify([type, account, toNameKey(name)])
      if (this.#names.has(key))
        return [{ id, reason: 'Another resource of the archive has that name: it was renamed while it was exported.' }]
      this.#names.add(key)
      return []
    })
  }

  async #isHere(account: string): Promise<boolean> {
    this.#hasAccounts ??= isFound(this.#client.resources(ACCOUNTS).exportRows({ limit: 1 }).page())
    return !(await this.#hasAccounts) || isFound(this.#client.resources(ACCOUNTS).get(account))
  }
}

/** Of rows whose account is nowhere. */
export function withoutAccount({ account, rows }: RowPage): Conflict[] {
  const reason = `Its account ${account} is neither in the archive nor here: import that first, or, if it was the deployment's own, its keys.`
  return rows.map(({ id }) => ({ id, reason }))
}

async function isFound(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer
    return true
  } catch (thrown) {
    if (thrown instanceof BiplaneError && thrown.code === 'not_found') return false
    throw thrown
  }
}
