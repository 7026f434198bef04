// Structured log lines. Query strings and capabilities never appear: they may be codes and tokens.

import type { Address } from './address.ts'
import { withoutCapability } from './capability.ts'

export function logRequest(
  requestId: string,
  method: string,
  address: Address,
  status: number,
  durationMs: number,
): void {
  console.log(
    JSON.stringify({
      event: 'request',
      request_id: requestId,
      method,
      ...toPlace(address),
      status,
      duration_ms: durationMs,
    }),
  )
}

/** An unexpected failure: the one place where internal text is written down. */
export function logFailure(requestId: string, method: string, address: Address, thrown: unknown): void {
  const error = thrown instanceof Error ? (thrown.stack ?? String(thrown)) : String(thrown)
  console.error(JSON.stringify({ event: 'request_failed', request_id: requestId, method, ...toPlace(address), error }))
}

function toPlace(address: Address): { host?: string; resource?: string; path?: string } {
  switch (address.kind) {
    case 'main':
      return { path: withoutCapability(address.path) }
    case 'own':
      return { resource: address.label, path: address.path }
    case 'foreign':
      return { host: address.host.slice(0, 100) }
  }
}
