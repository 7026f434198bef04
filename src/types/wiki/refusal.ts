// Refusals as people meet them. TiddlyWiki's saver shows the text of a failed PUT in an alert, and a browser shows what a page's
// address answers: both get sentences that say what to do. Everybody else gets problem documents.

import { statusOf, toProblemResponse, type ErrorCode, type ResourceError } from '../../wire/errors.ts'
import type { Principal } from '../../wire/principal.ts'

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

/** Whether a person reads the answer: a saver in a page, or a browser that shows a page. */
function isForPeople(request: Request): boolean {
  return (
    request.method === 'PUT' ||
    (request.method === 'GET' && (request.headers.get('accept') ?? '').includes('text/html'))
  )
}

export function toRefusal(error: ResourceError, principal: Principal, request: Request): Response {
  if (!isForPeople(request)) return toProblemResponse(error, principal.requestId)
  const advice = request.method === 'PUT' ? SAVING_ADVICE[error.code] : undefined
  const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  if (error.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer'
  return new Response(`${error.message}${advice === undefined ? '' : ` ${advice}`}\n`, {
    status: statusOf(error.code),
    headers,
  })
}
