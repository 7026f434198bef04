// Work that is not one resource's next step: each kind, and the module that carries it.

import type { ControlDeps } from './deps.ts'
import type { WorkItem } from './work.ts'

/**
 * Does a bounded part of the work: two calls at most, or a hundred rows. What is left it puts into the table again, under the same
 * key and with another due time; an item that it leaves as it is was the last.
 */
export type Runner = (deps: ControlDeps, item: WorkItem) => Promise<void>

export const RUNNERS: Partial<Record<WorkItem['kind'], Runner>> = {}
