// A live resource whose timer is due: deleted as if its owner had done it, or, if its end has moved, left until then.

import { fault } from '../object/fault.ts'
import { ResourceError } from '../wire/errors.ts'
import { findRow, updateRow } from './catalog.ts'
import type { ControlDeps } from './deps.ts'
import { SYSTEM } from './journal.ts'
import { awaken, endOf, lifeDueOf } from './lifetime.ts'
import { shardTime } from './meta.ts'
import { nextStep } from './next-step.ts'
import { removeRow } from './removal.ts'
import { waitForTimer } from './retention.ts'
import type { CatalogRow } from './row.ts'
import { isLeaving } from './work.ts'

export async function retire(deps: ControlDeps, row: CatalogRow): Promise<void> {
  TEST_BUILD: await fault('advance.retire.begin')
  await deps.transact(() => {
    const current = findRow(deps.sql, row.id)
    // It may have been changed or deleted since it was looked at.
    if (current === undefined || nextStep(current, shardTime(deps.sql, deps.now())) !== 'retire') return
    if (isLeaving(deps.sql, current)) throw new ResourceError('not_ready', 'It is being given to another account.')
    const end = endOf(deps, current)
    // Nobody could have written to what is suspended or read-only: it is not idle, but it has an end of its own.
    const isIdleOnly = current.expireTimeMs === null || current.expireTimeMs > deps.now()
    const isClosed = isIdleOnly && current.descriptor.mode !== 'active'
    if (end !== undefined && end <= deps.now() && !current.isProtected && !isClosed) {
      removeRow(deps, current, { purge: false })
      const caller = { account: current.account, role: 'operator', actor: SYSTEM, requestId: '' } as const
      return deps.journal.audit(caller, 'expire', current.id)
    }
    const next = { ...current, ...(isClosed ? awaken(deps, current) : { lifeDue: lifeDueOf(deps, current) }) }
    updateRow(deps.sql, next)
    waitForTimer(deps, next)
  })
  TEST_BUILD: await fault('advance.retire.marked')
}
