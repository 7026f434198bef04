// Structured log lines. Query strings, capabilities, keys and tokens never appear.

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
      return { path: withoutSecrets(withoutCapability(address.path)) }
    case 'own':
      return { resource: address.label, path: withoutSecrets(address.path) }
    case 'foreign':
      return { host: address.host.slice(0, 100) }
  }
}

/** API keys and tokens, which people put where their public identifier belongs: to revoke one, of all things. */
const SECRET = /^(?:bp_.*|[\w-]+\.[\w-]+\.[\w-]{43})$/

function withoutSecrets(path: string): string {
  return path.replaceAll(/[^/]+/g, (segment) => (SECRET.test(segment) ? '***' : segment))
}
