// Waiting for what the server does by itself: a change that its object does not know of yet, an operation.

import type { ResourceJson } from '../wire/resource.ts'
import { BiplaneError } from './errors.ts'
import { sleep, type CallOptions } from './transport.ts'

/** What tells of a change whether its object has it. */
export type Applicable = Pick<ResourceJson, 'id' | 'cell' | 'state' | 'desired_version' | 'applied_version'>

export interface WaitOptions extends CallOptions {
  /** Resolve only once the resource's object has the change, where the server answered before that (202). */
  readonly wait?: boolean | undefined
  /** How long at most; then `deadline_exceeded`, and the change goes on by itself. Default: 60,000. */
  readonly waitMs?: number | undefined
  /** Called while it waits with every state that was seen, the answer's own (202) first. */
  readonly onProgress?: ((resource: Applicable) => void) | undefined
}

const DEFAULT_WAIT_MS = 60_000

/** Delays between two looks: most of what is late is late by less than a second. */
export function* pollDelays(): Generator<number, never, undefined> {
  for (let ms = 250; ; ms = Math.min(ms * 1.5, 2_000)) yield ms
}

/** @throws BiplaneError `deadline_exceeded` with the `resource`; `deleted` when it is gone instead */
export async function untilApplied<R extends Applicable>(
  get: (id: string) => Promise<R>,
  answered: R,
  {
    waitMs = DEFAULT_WAIT_MS,
    onProgress,
    signal,
    isDeletion,
  }: Omit<WaitOptions, 'wait'> & { readonly isDeletion: boolean },
): Promise<R> {
  const version = answered.desired_version ?? 0
  const end = performance.now() + waitMs
  let resource = answered
  onProgress?.(resource)
  for (const delayMs of pollDelays()) {
    if (performance.now() + delayMs > end) {
      throw new BiplaneError({
        code: 'deadline_exceeded',
        detail: `${resource.id} was recorded, but its object did not take it within ${waitMs} ms: it goes on by itself.`,
        retryable: true,
        applied: 'unknown',
        details: { resource: resource.id },
      })
    }
    await sleep(delayMs, signal)
    resource = await get(answered.id)
    onProgress?.(resource)
    const { state, applied_version: applied = version } = resource
    if (isDeletion ? state === 'deleted' : applied >= version && state !== 'creating' && !isGone(state)) return resource
    if (!isDeletion && isGone(state))
      throw new BiplaneError({ code: 'deleted', status: 410, detail: `${resource.id} was deleted meanwhile.` })
  }
  return resource
}

function isGone(state: ResourceJson['state']): boolean {
  return state === 'deleting' || state === 'deleted'
}
