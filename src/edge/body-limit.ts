// The engine has no limit on request bodies: the edge has one per type.

import { readBody, tooLarge } from './read-body.ts'

/**
 * The request, its body within the limit. A body without a declared length is read to its end here: were it streamed on through this
 * Worker, the object could not tell an upload that broke off from a complete one, and would keep the torn content.
 *
 * @param beforeReading may refuse (by throwing) before anything is held in memory
 * @throws ResourceError `too_large`, at once when the length is declared
 */
export function limitBody(request: Request, limitBytes: number, beforeReading: () => void): Request | Promise<Request> {
  const { body } = request
  if (body === null) return request
  // A body means nothing here (RFC 9110, 9.3.1), and a request that has one cannot be copied.
  if (request.method === 'GET' || request.method === 'HEAD') return withoutBody(request)
  const length = request.headers.get('content-length')
  if (length === null) {
    beforeReading()
    // oxlint-disable-next-line unicorn/no-invalid-fetch-options -- never a GET, see above
    return readBody(body, limitBytes).then((whole) => new Request(request, { body: whole }))
  }
  if (Number(length) > limitBytes) throw tooLarge(limitBytes)
  return request
}

function withoutBody(request: Request): Request {
  const headers = new Headers(request.headers)
  headers.delete('transfer-encoding')
  headers.delete('content-length')
  return new Request(request.url, { method: request.method, headers, redirect: 'manual' })
}
