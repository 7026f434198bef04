// The engine has no limit on request bodies: the edge has one per type.

import { readBody, tooLarge } from './read-body.ts'

/** What goes on to the object as the request's body. */
export type LimitedBody = ReadableStream<Uint8Array> | Blob | null

/**
 * The request's body within the limit. One without a declared length is read to its end here: were it streamed on through this
 * Worker, the object could not tell an upload that broke off from a complete one, and would keep the torn content.
 *
 * @param beforeReading may refuse (by throwing) before anything is held in memory
 * @param maxHeldBytes of all bodies that are being read here; see DeploymentConfig.heldBodyBytes
 * @throws ResourceError `too_large`, at once when the length is declared
 */
export function limitBody(
  request: Request,
  limitBytes: number,
  beforeReading: () => void,
  maxHeldBytes?: number,
): LimitedBody | Promise<LimitedBody> {
  // A body of a GET means nothing (RFC 9110, 9.3.1), and ends here.
  if (request.method === 'GET' || request.method === 'HEAD') return null
  const { body } = request
  if (body === null) return null
  const length = request.headers.get('content-length')
  if (length === null) {
    beforeReading()
    return readBody(body, limitBytes, maxHeldBytes)
  }
  if (Number(length) > limitBytes) throw tooLarge(limitBytes)
  return body
}
