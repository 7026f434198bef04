// The object of an account: a shell whose one face is RPC from the edge. It serves no request.

import { ResourceObject } from '../../data-plane/object.ts'
import type { Migration } from '../../data-plane/storage.ts'
import { toAccountSettings, type AccountFace, type AccountMethod, type AccountMethods } from '../../wire/account.ts'
import { ResourceError } from '../../wire/errors.ts'
import { UNKNOWN_CALL, type Outcome } from '../../wire/planes.ts'
import { badKey, checkKey, createKeyTables, deleteKey, insertKey, listKeys, noteUse, readAudit } from './keys.ts'

type Handlers = {
  readonly [M in AccountMethod]: (
    args: AccountMethods[M]['args'],
  ) => AccountMethods[M]['value'] | Promise<AccountMethods[M]['value']>
}

export class Account extends ResourceObject implements AccountFace {
  protected override readonly migrations: readonly Migration[] = [createKeyTables]

  readonly #methods: Handlers = {
    authenticate: (args) => this.#authenticate(args),
    describe: () => ({ mode: this.descriptor.mode, settings: toAccountSettings(this.descriptor.settings) }),
    createKey: (args) => this.write((sql) => insertKey(sql, args, Date.now())),
    listKeys: () => listKeys(this.sql),
    // Whatever the account's mode: a key that leaked is revoked also while the account is suspended.
    revokeKey: (args) => this.#change((sql) => deleteKey(sql, args, Date.now())),
    audit: ({ after, limit }) => readAudit(this.sql, after, limit),
  }

  /** A refusal is an answer; only the unexpected is thrown. */
  async account<M extends AccountMethod>(
    method: M,
    args: AccountMethods[M]['args'],
  ): Promise<Outcome<AccountMethods[M]['value']>> {
    if (!Object.hasOwn(this.#methods, method)) return { ok: false, error: UNKNOWN_CALL }
    try {
      return { ok: true, value: await this.#methods[method](args) }
    } catch (error) {
      if (error instanceof ResourceError) return { ok: false, error: error.data }
      throw error
    }
  }

  protected override onRequest(): Response {
    throw new ResourceError('not_found', 'An account has no content.')
  }

  #authenticate(args: AccountMethods['authenticate']['args']): AccountMethods['authenticate']['value'] {
    const { held } = this
    // Of an account that is gone, a key is as bad as one that never was.
    if (held.kind !== 'descriptor' || held.descriptor.mode === 'deleted') throw badKey()
    const nowMs = Date.now()
    const { role, isStale } = checkKey(this.sql, args, nowMs)
    const { mode, settings } = held.descriptor
    // Only who has a good key is told.
    if (mode === 'suspended')
      throw new ResourceError('suspended', 'This account is suspended: ask the operator of this deployment.')
    if (isStale) this.#change((sql) => noteUse(sql, args.keyId, nowMs))
    return { role, settings: toAccountSettings(settings) }
  }

  #change<T>(change: (sql: SqlStorage) => T): T {
    const { sql } = this
    return this.ctx.storage.transactionSync(() => change(sql))
  }
}
