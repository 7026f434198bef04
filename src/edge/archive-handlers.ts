// Archives: rows through the control plane, content past it, between the client and the object. What comes in was written by somebody else,
// so everything in it is checked here, whatever the command line has checked before.

import { placeOf } from '../identity/cell.ts'
import { formatCursor, parseCursor } from '../identity/cursor.ts'
import { withDeadline } from '../object/deadline.ts'
import { ROW_MARK_HEADER, markOf, toArchivedJson, type ArchivedRow } from '../wire/archive.ts'
import { ResourceError } from '../wire/errors.ts'
import { PLANES_VERSION } from '../wire/planes.ts'
import { callAccount, isOwnAccount, requireOneAccount } from './act-for.ts'
import type { ImportBody, LoadQuery } from './archive-schemas.ts'
import { answerRecord, getResource, idOf } from './handlers.ts'
import type { Handler, ResourceRequest } from './route.ts'
import type { ExportQuery } from './schemas.ts'
import { callControlPlane } from './to-control-plane.ts'
import { requireIssued } from './to-data-plane.ts'

export const exportRows: Handler = async (control) => {
  const { context, type, caller } = control
  const { limit, cursor, resource: id } = control.query as ExportQuery
  requireOneAccount(caller)
  const after = cursor === undefined ? 0 : parseCursor(cursor)?.['']
  if (after === undefined)
    throw new ResourceError('invalid_request', 'This cursor is not one that an export of these returned.')
  const args = { after, limit, ...(id === undefined ? {} : { id }) }
  const { data, skipped, next } = await callControlPlane(context, type, caller, 'exportRows', args)
  return Response.json({
    deployment: context.id,
    data: data.map(toArchivedJson),
    skipped,
    ...(next === undefined ? {} : { next_cursor: formatCursor({ '': next }) }),
  })
}

export const importRows: Handler = async (control) => {
  const { context, type, caller } = control
  const { archive, dry_run: dryRun, rows: given } = control.body as ImportBody
  const isAccount = type === context.accountType
  // An account was the other deployment's own account's; here it is this one's.
  const rows = isAccount ? given.map((row) => ({ ...row, account: caller.account })) : given
  const seen = new Set<string>()
  for (const row of rows) {
    if (seen.has(row.id)) throw refused(row, 'it is there twice')
    seen.add(row.id)
    await requireAcceptable(control, row)
  }
  if (!isAccount && !dryRun && rows.some(({ state }) => state !== 'purged')) await requireImportedAccount(control)
  return Response.json(await callControlPlane(context, type, caller, 'importRows', { archive, rows, dryRun }))
}

/** @throws ResourceError `invalid_request` naming the row */
async function requireAcceptable({ context, type, caller }: ResourceRequest, row: ArchivedRow): Promise<void> {
  const id = await requireIssued(context, type, row.id).catch(() => {
    throw refused(
      row,
      `no key of this deployment has issued it for the type ${type.name}: import the other deployment's verify-only keys`,
    )
  })
  if (id.format === 'unique') throw refused(row, 'its object was named by the platform, and can be nowhere else')
  if (placeOf(context.cells, id.cell) === undefined)
    throw refused(
      row,
      `there is no cell "${id.cell}" here: add that code to the cells file, with what one of your cells has there`,
    )
  if (row.account !== caller.account) throw refused(row, `it belongs to ${row.account}, not to ${caller.account}`)
  // None at all is what every type begins with.
  const isFit = Object.keys(row.settings).length === 0 || type.settings?.safeParse(row.settings).success === true
  if (!isFit) throw refused(row, `its settings are not those of a ${type.name} of this release`)
}

function refused({ id }: ArchivedRow, why: string): ResourceError {
  return new ResourceError('invalid_request', `${id}: ${why}.`, { details: { parameter: 'rows' } })
}

/** What belonged to an account that nobody has here would be nobody's. */
async function requireImportedAccount({ context, caller }: ResourceRequest): Promise<void> {
  const { account } = caller
  if (context.accountType === undefined || isOwnAccount(context, account)) return
  await callAccount(context, account, 'describe', {}).catch((error: unknown) => {
    if (!(error instanceof ResourceError) || error.code !== 'not_found') throw error
    throw new ResourceError(
      'invalid_request',
      `${account} is not here: import that account first, or, if it was the deployment's own, its verify-only keys with its former accounts.`,
      { details: { parameter: 'account' } },
    )
  })
}

/** An object answers from its own storage; what takes longer hangs. Of the beginning of the stream, not of its end. */
const DUMP_DEADLINE_MS = 30_000

export const dumpContent: Handler = async (control) => {
  const { context, type, caller } = control
  const id = idOf(control)
  const { data, at } = await callControlPlane(context, type, caller, 'exportRows', { after: 0, limit: 1, id })
  const [row] = data
  if (row === undefined) throw new ResourceError('not_ready', 'It is still being made.', { retryAfterSeconds: 1 })
  if (row.state === 'purged') throw new ResourceError('deleted', 'Its content was purged.')
  const reference = { ...referenceTo(control), ...(at === undefined ? {} : { at }) }
  const content = await withDeadline(context.dataPlane.dump(reference), DUMP_DEADLINE_MS, 'The data plane')
  return new Response(content, { headers: { 'content-type': CONTENT_TYPE, [ROW_MARK_HEADER]: markOf(row) } })
}

/** Opaque: only a {@link loadContent} of the same type reads it. */
export const CONTENT_TYPE = 'application/octet-stream'

/** Text of control characters has six bytes a byte in a dump; nothing has more. */
const DUMP_FACTOR = 6
const DUMP_MARGIN_BYTES = 1024 ** 2

/** Again after a failure: what came of it before is replaced. Of what is complete already nothing is changed. */
export const loadContent: Handler = async (control) => {
  const { context, type, caller, request } = control
  const { archive, sha256, bytes } = control.query as LoadQuery
  const id = idOf(control)
  if (Number(request.headers.get('content-length') ?? NaN) !== bytes)
    throw new ResourceError('invalid_request', 'The content is the body, and Content-Length its `bytes`.')
  const limit = type.limits.bytes * DUMP_FACTOR + DUMP_MARGIN_BYTES
  if (bytes > limit) throw new ResourceError('too_large', `No ${type.name} is that large.`, { details: { limit } })
  const { descriptor } = await callControlPlane(context, type, caller, 'openImport', { id, archive })
  if (descriptor === undefined) {
    await request.body?.cancel()
    return getResource(control)
  }
  const outcome = await context.dataPlane.restore(
    { ...referenceTo(control), descriptor },
    // Nothing at all is what some types have.
    request.body ?? new Blob([]).stream(),
  )
  if (!outcome.ok) throw new ResourceError(outcome.error.code, outcome.error.message, outcome.error)
  const { content } = outcome.value
  if (content.sha256 !== sha256 || content.bytes !== bytes)
    throw new ResourceError(
      'invalid_request',
      'The content is not what its digest says: it is not taken. Send it again.',
    )
  const { incarnation, version } = descriptor
  const args = { id, incarnation, version, content }
  const { record, applied } = await callControlPlane(context, type, caller, 'closeImport', args)
  return answerRecord(control, record, applied, 200)
}

function referenceTo(control: ResourceRequest) {
  const { type, caller } = control
  return { v: PLANES_VERSION, type: type.name, resource: idOf(control), requestId: caller.requestId } as const
}
