// Reads what a client wants to save: whole, before anything is stored, so that an upload that breaks off changes nothing.

import { ResourceError } from '../../wire/errors.ts'

/** Largest page that can be saved. The object holds the page, its compressed form and the rows at once, in 128 MB on the strictest engine. */
export const BODY_BYTES: number = 32 * 1024 ** 2

/** @throws ResourceError `too_large`, `invalid_request` when it is not an HTML page */
export async function readHtml(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBody(request)
  checkHtml(bytes, request.headers.get('content-type'))
  return bytes
}

/** @throws ResourceError `too_large`, `invalid_request` when it is compressed */
export async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    throw new ResourceError('invalid_request', 'Send the page as it is: it is compressed here.')
  }
  if (Number(request.headers.get('content-length')) > BODY_BYTES) throw tooLarge()
  // Without a declared length it is as large as the edge let it become.
  const bytes = new Uint8Array(await request.arrayBuffer())
  if (bytes.length > BODY_BYTES) throw tooLarge()
  return bytes
}

/** @throws ResourceError `invalid_request` */
export function checkHtml(bytes: Uint8Array, contentType: string | null): void {
  if (bytes.length === 0)
    throw new ResourceError('invalid_request', 'The body is empty. Send the whole wiki as one HTML page.')
  if (!isHtml(contentType, bytes)) {
    throw new ResourceError('invalid_request', 'This is no HTML page. Send the whole wiki as text/html.')
  }
}

/** Whether a body may be a page: its type says so, or it begins like one. */
export function isHtml(contentType: string | null, bytes: Uint8Array): boolean {
  if (contentType !== null && /^\s*(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(contentType)) return true
  // A byte order mark and white space may come first; a page with more of it than this is none.
  const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart()
  return start.startsWith('<')
}

/** Whether a request is a save as UploadSaver makes it, whatever becomes of it. */
export function isUpload(request: Request): boolean {
  return request.method === 'POST' && /^multipart\/form-data\b/i.test(request.headers.get('content-type') ?? '')
}

function tooLarge(): ResourceError {
  return new ResourceError('too_large', `A wiki may have at most ${BODY_BYTES} bytes.`, {
    details: { limit: BODY_BYTES },
  })
}
