// Usage of an account: by day and resource, and as it is now. Objects report it by themselves; nothing here asks one.

import { base64url } from 'jose'
import { fewAtOnce } from '../object/few-at-once.ts'
import { ResourceError } from '../wire/errors.ts'
import type { UsageRow } from '../wire/planes.ts'
import { requireOneAccount } from './act-for.ts'
import type { ControlRequest } from './route.ts'
import type { UsageQuery } from './schemas.ts'
import { callControlPlane } from './to-control-plane.ts'

const DAY_MS = 24 * 3_600_000

interface Position {
  readonly type: string
  readonly dayMs: number
  readonly resource: string
}

/** Types one after the other, each by day and resource. */
export async function getUsage(control: ControlRequest): Promise<Response> {
  const { context, caller } = control
  const { from, until, resource, limit, cursor } = control.query as UsageQuery
  requireOneAccount(caller)
  const untilMs = until ?? Date.now()
  const fromMs = from ?? untilMs - 30 * DAY_MS
  const start = cursor === undefined ? undefined : parsePosition(cursor)
  const names = context.types.map(({ name }) => name)
  const first = start === undefined ? 0 : names.indexOf(start.type)
  if (first === -1) throw badCursor()
  const data: (UsageRow & { readonly type: string })[] = []
  let next: Position | undefined
  for (const type of context.types.slice(first)) {
    const room = limit - data.length
    if (room === 0) {
      next = { type: type.name, dayMs: -1, resource: '' }
      break
    }
    const page = await callControlPlane(context, type, caller, 'usage', {
      fromMs: Math.floor(fromMs / DAY_MS) * DAY_MS,
      untilMs,
      limit: room,
      ...(resource === undefined ? {} : { resource }),
      ...(start?.type === type.name ? { after: { dayMs: start.dayMs, resource: start.resource } } : {}),
    })
    data.push(...page.data.map((row) => ({ ...row, type: type.name })))
    if (page.next !== undefined) {
      next = { type: type.name, ...page.next }
      break
    }
  }
  const now = await fewAtOnce(
    context.types,
    async (type) => [type.name, await callControlPlane(context, type, caller, 'account', {})] as const,
  )
  return Response.json({
    account: caller.account,
    report_interval_seconds: context.config.timers.usageIntervalMs / 1000,
    now: Object.fromEntries(now),
    data: data.map(({ type, resource: id, dayMs, bytes, requests, writes }) => ({
      type,
      resource: id,
      day: new Date(dayMs).toISOString().slice(0, 10),
      bytes,
      requests,
      writes,
    })),
    ...(next === undefined ? {} : { next_cursor: base64url.encode(JSON.stringify(next)) }),
  })
}

function parsePosition(cursor: string): Position {
  try {
    const { type, dayMs, resource } = JSON.parse(new TextDecoder().decode(base64url.decode(cursor))) as Record<
      string,
      unknown
    >
    if (typeof type === 'string' && Number.isSafeInteger(dayMs) && typeof resource === 'string')
      return { type, dayMs: Number(dayMs), resource }
  } catch {
    // Falls through to the one refusal.
  }
  throw badCursor()
}

function badCursor(): ResourceError {
  return new ResourceError('invalid_request', 'This cursor is not one that this list returned.')
}
