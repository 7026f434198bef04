// Reads what a client wants to save: whole, before anything is stored, so that an upload that breaks off changes nothing.

import { ResourceError } from '../../wire/errors.ts'

/** Largest page that can be saved. The object holds the page, its compressed form and the rows at once, in 128 MB on the strictest engine. */
export const BODY_BYTES: number = 32 * 1024 ** 2

/** @throws ResourceError `too_large`, `invalid_request` when it is not an HTML page */
export async function readHtml(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    throw new ResourceError('invalid_request', 'Send the page as it is: it is compressed here.')
  }
  const declared = Number(request.headers.get('content-length') ?? Number.NaN)
  if (declared > BODY_BYTES) throw tooLarge()
  const bytes = Number.isNaN(declared) ? await readLimited(request) : new Uint8Array(await request.arrayBuffer())
  if (bytes.length === 0)
    throw new ResourceError('invalid_request', 'The body is empty. Send the whole wiki as one HTML page.')
  if (!isHtml(request.headers.get('content-type'), bytes)) {
    throw new ResourceError('invalid_request', 'This is no HTML page. Send the whole wiki as text/html.')
  }
  return bytes
}

/** Whether a body may be a page: its type says so, or it begins like one. */
export function isHtml(contentType: string | null, bytes: Uint8Array): boolean {
  if (contentType !== null && /^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(contentType)) return true
  // A byte order mark and white space may come first; a page with more of it than this is none.
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart()
  return start.startsWith('<')
}

/** A body without a declared length is counted while it arrives. */
async function readLimited(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request.body ?? []) {
    length += part.length
    if (length > BODY_BYTES) throw tooLarge()
    parts.push(part)
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}

function tooLarge(): ResourceError {
  return new ResourceError('too_large', `A wiki may have at most ${BODY_BYTES} bytes.`, {
    details: { limit: BODY_BYTES },
  })
}
