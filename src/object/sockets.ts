// Refusing a WebSocket. A failed upgrade would look like a network error to a browser, and be retried for ever: a socket is accepted
// first and then closed with a code that says why (4400 to 4499 are permanent for the clients we serve).

import { statusOf, type ResourceError } from '../wire/errors.ts'

export function isUpgrade(request: Request): boolean {
  return request.headers.get('upgrade')?.toLowerCase() === 'websocket'
}

/** 401 -> 4401, 403 -> 4403, 404 -> 4404, 410 -> 4410; anything else is "try again later". */
export function closeCodeOf(error: ResourceError): number {
  const status = statusOf(error.code)
  return status < 500 ? 4000 + status : 1013
}

/** What a close frame holds (RFC 6455, 5.5.1): in bytes, not characters. */
const MAX_REASON_BYTES = 123

export function closeReasonOf(error: ResourceError): string {
  const text = `${error.code}: ${error.message}`
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_REASON_BYTES))
  return text.slice(0, read)
}

export function refuseSocket(error: ResourceError): Response {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  server.close(closeCodeOf(error), closeReasonOf(error))
  return new Response(null, { status: 101, webSocket: client })
}

/** Ends every socket of an object, hibernated ones too. */
export function closeAllSockets(ctx: DurableObjectState, error: ResourceError): void {
  for (const socket of ctx.getWebSockets()) socket.close(closeCodeOf(error), closeReasonOf(error))
}
