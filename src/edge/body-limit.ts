// The engine has no limit on request bodies: the edge has one per type.

import { ResourceError } from '../wire/errors.ts'

/**
 * The request, its body within the limit. A body without a declared length is read to its end here: were it streamed on through this
 * Worker, the object could not tell an upload that broke off from a complete one, and would keep the torn content.
 *
 * @throws ResourceError `too_large`, at once when the length is declared
 */
export function limitBody(request: Request, limitBytes: number): Request | Promise<Request> {
  if (request.body === null) return request
  const length = request.headers.get('content-length')
  if (length === null) return readWhole(request, request.body, limitBytes)
  if (Number(length) > limitBytes) throw tooLarge(limitBytes)
  return request
}

async function readWhole(request: Request, body: ReadableStream<Uint8Array>, limitBytes: number): Promise<Request> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    size += part.byteLength
    if (size > limitBytes) throw tooLarge(limitBytes)
    parts.push(part)
  }
  // oxlint-disable-next-line unicorn/no-invalid-fetch-options -- a GET has no body, so it does not come here
  return new Request(request, { body: new Blob(parts) })
}

function tooLarge(limitBytes: number): ResourceError {
  return new ResourceError('too_large', `The body may have ${limitBytes} bytes at most.`, {
    details: { limit: limitBytes },
  })
}
