// The server's refusals in the words of the command line: what, why, and how to fix it.

import type { BiplaneError, ClientErrorCode } from '../client/index.ts'
import { EngineError } from '../engine/engine-error.ts'
import { parseResourceId } from '../identity/resource-id.ts'
import { ACCOUNT_TYPE } from '../wire/account.ts'
import { toPlain } from './table.ts'

const LATER = "Try again later; the server's log has more under the request's id."

/** What a person can do about each. */
const FIXES: Readonly<Record<ClientErrorCode, string>> = {
  invalid_request: 'Correct it; --help shows what there is.',
  unauthenticated: 'Check BIPLANE_KEY or --key; for a local server leave both out.',
  permission_denied: 'Use a key with a higher role, or the operator key.',
  suspended: 'Resume it first.',
  quota_exceeded: 'Delete or purge something, or have the limit raised: biplane accounts limit.',
  not_found: 'Check the identifier, and --account: the account must be its owner.',
  already_exists: 'Choose another --name, or use the one that is there.',
  not_ready: 'Try again in a second.',
  delete_protected: 'Take the protection away first: biplane resources update ID --no-delete-protection.',
  deleted: 'While it has a purge_time it can be restored: biplane resources restore.',
  precondition_failed: 'Get it again, and repeat the change with the etag that it has now.',
  too_large: 'Send less at once.',
  misdirected: 'Give every server of the deployment the same cells file.',
  idempotency_key_reused: 'Use another idempotency key for another request.',
  rate_limited: 'Wait a little, or have the limit raised: biplane accounts limit.',
  internal: LATER,
  overloaded: LATER,
  unavailable: LATER,
  deadline_exceeded: LATER,
  storage_full: 'Delete something, or have the limit raised.',
  network: 'Check that the server runs, and --url.',
  unexpected: 'Check --url: it is where the API is, without a path.',
}

export function toEngineError(error: BiplaneError): EngineError {
  const { code, status, detail, applied, requestId, details } = error
  // What it waited for in vain was recorded, and has a name.
  const { resource } = details
  const isRecorded = code === 'deadline_exceeded' && typeof resource === 'string'
  const what = status === 0 ? `it did not work: ${code}` : `the server refused it: ${code} (${status})`
  const doubt =
    applied === 'unknown' && !isRecorded ? ' Whether the change happened is not known: look before you repeat it.' : ''
  const request = requestId === undefined ? '' : ` [request ${requestId}]`
  // A newer server may have a code that this release does not know.
  const known = (FIXES as Partial<typeof FIXES>)[code] ?? LATER
  const fix = isRecorded
    ? `Do not repeat it: it goes on by itself. Look with: biplane ${nounOf(resource)} get ${resource}.`
    : known
  // One line, and nothing that steers the terminal: it may quote what somebody else wrote.
  return new EngineError(
    toPlain(what),
    toPlain(detail + doubt + request),
    toPlain(fix),
    code === 'invalid_request' ? 2 : 1,
  )
}

function nounOf(id: string): string {
  return parseResourceId(id)?.type === ACCOUNT_TYPE ? 'accounts' : 'resources'
}
