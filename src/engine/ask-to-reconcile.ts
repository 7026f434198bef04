// How the engine of a restored cell asks for it to be told: by a call to its own edge that is signed as those between cells are. Whoever signs
// people in, the operator or a builder, has no say in it.

import { randomUUID } from 'node:crypto'
import type { ErrorData } from '../wire/errors.ts'
import { HOP_HEADER, HopSigner, digestOfCall } from '../wire/hop.ts'
import type { ReconcileAnswer, ReconcileCall } from '../wire/reconcile.ts'
import { reasonOf } from './engine-error.ts'
import { fetchFrom } from './local-server.ts'

export interface AskedOf {
  readonly cell: string
  readonly url: string
  readonly publicUrl: string
  readonly hopKey: () => string
  readonly signal: AbortSignal
}

/** What it was refused for; the code is a number where nobody of ours has answered. */
export interface Refused {
  readonly code: string
  readonly refusal: string
}

const CALL = 'reconcile'

/** @param operation that was begun before; absent: one is to begin @throws the signal's reason */
export async function askToReconcile(
  { cell, url, publicUrl, hopKey, signal }: AskedOf,
  type: string,
  operation: string | undefined,
): Promise<ReconcileAnswer | Refused> {
  const requestId = randomUUID()
  const call: ReconcileCall = { cell, type, requestId, ...(operation === undefined ? {} : { operation }) }
  const body = JSON.stringify(call)
  try {
    const subject = await digestOfCall(CALL, body)
    const hop = await new HopSigner(hopKey()).sign({ kind: 'call', place: { cell }, requestId, subject })
    const headers = { [HOP_HEADER]: hop, 'content-type': 'application/json' }
    const response = await fetchFrom({ publicUrl })(`${url}/hop/${CALL}`, { method: 'POST', headers, body, signal })
    const text = await response.text()
    if (response.ok) return JSON.parse(text) as ReconcileAnswer
    return toRefused(response.status, text)
  } catch (thrown) {
    signal.throwIfAborted()
    return { code: 'unanswered', refusal: reasonOf(thrown) }
  }
}

function toRefused(status: number, text: string): Refused {
  try {
    const { code, message } = JSON.parse(text) as Partial<ErrorData>
    if (code !== undefined && message !== undefined) return { code, refusal: message }
  } catch {
    // Not one of ours: what a builder has put before the application.
  }
  return {
    code: String(status),
    refusal: `The application answered ${status} to a call between cells (POST /hop/${CALL}): what is in front of it must let these through.`,
  }
}
