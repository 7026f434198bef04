// The shapes of what the control plane's API answers, as schemas: documentation, and what tests hold the running server to.

import * as z from 'zod'
import type { ZodType } from 'zod'
import { ERROR_CODES } from '../wire/errors.ts'

const time = z.iso.datetime().describe('RFC 3339, UTC')
const texts = z.record(z.string(), z.string())

export const resourceAnswer: ZodType = z
  .strictObject({
    id: z.string().describe('Enough to reach the resource, for ever.'),
    type: z.string(),
    account: z.string(),
    name: z.string().nullable(),
    cell: z.string().describe('Where its object lives.'),
    state: z.enum(['creating', 'active', 'read_only', 'suspended', 'deleting', 'deleted']),
    visibility: z.string(),
    allowed_origins: z.array(z.string()),
    url: z.string().describe('Where its content is.'),
    named_url: z
      .string()
      .optional()
      .describe('The same by account and name, of types whose resources are named by callers.'),
    labels: texts,
    metadata: texts,
    create_time: time,
    update_time: time,
    delete_time: time.optional(),
    purge_time: time.optional().describe('Until then a deleted resource can be restored; absent when it cannot.'),
    hosts: z.array(z.string()),
    settings: z.record(z.string(), z.unknown()).optional().describe("The type's own settings."),
    delete_protection: z.boolean(),
    token_generation: z.int().optional().describe('What a token must carry that your own backend mints.'),
    expire_time: time.optional().describe('When it is deleted by itself.'),
    desired_version: z.int().optional(),
    applied_version: z
      .int()
      .optional()
      .describe('Behind desired_version while the object is yet to learn of a change.'),
    etag: z.string().describe('For If-Match.'),
    usage: z.strictObject({ bytes: z.int(), last_write_time: time, report_time: time }).optional(),
    operation: z.string().optional().describe('Of a changed account: the work over all of its resources.'),
  })
  .meta({ id: 'Resource' })

export const operationAnswer: ZodType = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['bulk_create', 'purge_deleted', 'account_update', 'account_purge', 'reshard', 'move', 'reconcile']),
    type: z.string(),
    account: z.string(),
    state: z.enum(['running', 'succeeded', 'failed', 'cancelled']),
    progress: z.strictObject({ total: z.int(), done: z.int(), failed: z.int() }),
    error: z.strictObject({ code: z.enum(ERROR_CODES), message: z.string() }).optional(),
    cancellable: z.boolean(),
    subject: z.record(z.string(), z.unknown()),
    create_time: time,
    update_time: time,
  })
  .meta({ id: 'Operation' })

/** A page of a list; absence of `next_cursor` is the only end. */
export function pageOf(item: ZodType, more: Readonly<Record<string, ZodType>> = {}): ZodType {
  return z.strictObject({
    data: z.array(item),
    next_cursor: z.string().optional().describe('Where to go on; its absence is the only end.'),
    ...more,
  })
}

export const tokenAnswer: ZodType = z
  .strictObject({
    token: z.string(),
    token_id: z.string().describe('For revoking this token alone.'),
    expire_time: time,
    url: z
      .string()
      .optional()
      .describe('A link that opens the resource in a browser, once. Absent where the type has no origin of its own.'),
  })
  .meta({ id: 'Token' })

export const linkAnswer: ZodType = z
  .strictObject({ url: z.string(), token_id: z.string(), expire_time: time })
  .meta({ id: 'Link' })

export const inspectionAnswer: ZodType = z
  .looseObject({
    resource: resourceAnswer,
    row: z.looseObject({}),
    work: z.array(z.looseObject({})),
    object: z.looseObject({}),
  })
  .meta({ id: 'Inspection' })

export const usageRowAnswer: ZodType = z
  .strictObject({
    type: z.string(),
    resource: z.string(),
    day: z.string().describe('UTC, YYYY-MM-DD.'),
    bytes: z.int().describe('Largest size that was reported.'),
    requests: z.int().describe('Approximate.'),
    writes: z.int(),
  })
  .meta({ id: 'UsageRow' })

export const auditAnswer: ZodType = z
  .strictObject({
    time,
    account: z.string(),
    actor: z.string(),
    action: z.string(),
    type: z.string(),
    resource: z.string().nullable(),
    outcome: z.string().describe('`ok`, or the code of the refusal.'),
    request_id: z.string(),
  })
  .meta({ id: 'AuditEntry' })

export const eventAnswer: ZodType = z
  .strictObject({
    id: z.string(),
    time,
    account: z.string(),
    kind: z.string(),
    type: z.string(),
    resource: z.string().nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' })

/** Every refusal (RFC 9457). */
export const problemAnswer: ZodType = z
  .looseObject({
    type: z.string().describe('urn:biplane:error: and the code'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong, and what to do about it.'),
    code: z.enum(ERROR_CODES).describe('What to tell refusals apart by.'),
    retryable: z.boolean().describe('Whether the same request may succeed later without being changed.'),
    applied: z.enum(['no', 'unknown']).optional().describe('With 5xx: whether the change happened all the same.'),
    request_id: z.string().describe('For whoever runs the server: his log has it.'),
    parameter: z.string().optional().describe('With invalid_request: the member or parameter that is wrong.'),
    limit: z.number().optional().describe('With quota_exceeded and too_large: how much there may be.'),
    used: z.number().optional().describe('With quota_exceeded: how much there is.'),
  })
  .meta({ id: 'Problem' })
