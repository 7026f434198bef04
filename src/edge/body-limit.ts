// The engine has no limit on request bodies: the edge has one per type.

import { ResourceError } from '../wire/errors.ts'

export interface LimitedBody {
  readonly request: Request
  /** @throws ResourceError `too_large` when the body grew beyond the limit while it was read */
  throwIfExceeded(): void
}

/** @throws ResourceError `too_large` at once, when the length is known */
export function limitBody(request: Request, limitBytes: number): LimitedBody {
  const length = request.headers.get('content-length')
  if (request.body === null || length !== null) {
    if (Number(length ?? 0) > limitBytes) throw tooLarge(limitBytes)
    return { request, throwIfExceeded: () => {} }
  }
  let size = 0
  const counted = request.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength
        if (size > limitBytes) controller.error(tooLarge(limitBytes))
        else controller.enqueue(chunk)
      },
    }),
  )
  return {
    // oxlint-disable-next-line unicorn/no-invalid-fetch-options -- a GET has no body, so it does not come here
    request: new Request(request, { body: counted }),
    throwIfExceeded() {
      if (size > limitBytes) throw tooLarge(limitBytes)
    },
  }
}

function tooLarge(limitBytes: number): ResourceError {
  return new ResourceError('too_large', `The body may have ${limitBytes} bytes at most.`, {
    details: { limit: limitBytes },
  })
}
