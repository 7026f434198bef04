// Hops as only a cell of a deployment can make them, for tests of who is believed.

import { toWorkerSecrets } from '../../src/engine/secrets.ts'
import { HOP_ADDRESS_HEADER, HOP_HEADER, HopSigner, digestOfCall, type Hop } from '../../src/wire/hop.ts'
import { send, type Answer } from './http.ts'
import type { TestServer } from './server.ts'

/** Signed with the server's own secrets. */
export function signHop(server: TestServer, hop: Hop, nowMs?: number): Promise<string> {
  const { hopKey = '' } = toWorkerSecrets(server.secrets)
  return new HopSigner(hopKey).sign(hop, nowMs)
}

/** A request as another cell forwards it. @param header from {@link signHop} @param sentFor the identifier that it has looked at */
export function sendForwarded(
  server: TestServer,
  header: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  sentFor: string = path.split('/')[2] ?? '',
): Promise<Answer> {
  const forwarded = { [HOP_HEADER]: header, [HOP_ADDRESS_HEADER]: `main ${server.url} ${sentFor}` }
  return send(server, { path, headers: { ...forwarded, ...headers } })
}

/** A call between the planes as another cell makes it. */
export async function sendCall(
  server: TestServer,
  cell: string,
  kind: string,
  call: object,
  header?: string,
): Promise<Answer> {
  const body = JSON.stringify(call)
  const subject = await digestOfCall(kind, body)
  const signed = header ?? (await signHop(server, { kind: 'call', place: { cell }, requestId: 'test', subject }))
  const headers = { 'content-type': 'application/json', ...(signed === '' ? {} : { [HOP_HEADER]: signed }) }
  return send(server, { method: 'POST', path: `/hop/${kind}`, headers, body })
}
