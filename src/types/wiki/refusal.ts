// Refusals as people meet them. TiddlyWiki's saver shows the text of a failed PUT in an alert, and a browser shows what a page's
// address answers: both get sentences that say what to do. Everybody else gets problem documents.

import { statusOf, toProblemResponse, type ErrorCode, type ResourceError } from '../../wire/errors.ts'
import { isUpload } from './body.ts'

const KEEP = 'To keep your changes, leave this tab open and export the tiddlers that you changed.'

/** What to do about a save that was refused. */
const SAVING_ADVICE: Partial<Record<ErrorCode, string>> = {
  unauthenticated:
    'Nothing was saved. Leave this tab open, open the link to the wiki again in another tab, then save here again.',
  permission_denied: `Nothing was saved. ${KEEP}`,
  suspended: `Nothing was saved. ${KEEP}`,
  deleted: `Nothing was saved. ${KEEP}`,
  not_found: `Nothing was saved. ${KEEP}`,
  precondition_failed: `Nothing was overwritten. ${KEEP} Then reload the page and import them.`,
  too_large: 'Nothing was saved. Take out large images and files, or keep them outside the wiki, then save again.',
  storage_full:
    'Nothing was saved. Take out large images and files, or ask the owner of the wiki for more space, then save again.',
}

/** A save by a page that somebody has open. */
function isSave(request: Request): boolean {
  return request.method === 'PUT' || isUpload(request)
}

export function toRefusal(error: ResourceError, requestId: string, request: Request): Response {
  if (isSave(request)) return toSavingRefusal(error, request)
  const isNavigation = request.method === 'GET' && (request.headers.get('accept') ?? '').includes('text/html')
  return isNavigation ? toText(error, `${error.message}\n`) : toProblemResponse(error, requestId)
}

/** The edge's own refusals: of saves in our words, of everything else in its own. */
export function toEdgeRefusal(error: ResourceError, request: Request): Response | undefined {
  return isSave(request) ? toSavingRefusal(error, request) : undefined
}

function toSavingRefusal(error: ResourceError, request: Request): Response {
  const advice = SAVING_ADVICE[error.code]
  const text = `${error.message}${advice === undefined ? '' : ` ${advice}`}\n`
  // UploadSaver shows what does not begin with "0 - ", and only of an answer with this status; every other one it passes over in silence.
  return toText(error, text, isUpload(request) ? 200 : undefined)
}

function toText({ code }: ResourceError, text: string, status: number = statusOf(code)): Response {
  const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  return new Response(text, { status, headers })
}
