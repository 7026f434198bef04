// The shapes of archive routes. A row of an archive is somebody else's word: every member is checked here as if a client had made it up, and
// one that is not known is refused, since it may say something that this release would lose.

import * as z from 'zod'
import type { ZodType } from 'zod'
import type { ResourceType } from '../resource-type.ts'
import { TOKEN_ID } from '../identity/token.ts'
import type { ArchivedRow } from '../wire/archive.ts'
import { hostNames, labels, metadata, nameText, origins, timeText } from './members.ts'
import { pascalCase } from './names.ts'

/** In one request: each may be a call to its object. */
export const MAX_IMPORT_ROWS = 50
/** A row with all that it may carry has 170 KB, and more in a language of many bytes a character. */
export const MAX_IMPORT_BODY_BYTES: number = 8 * 1024 ** 2
const MAX_SETTINGS_CHARACTERS = 65_536
/** The descriptor's own limit. */
const MAX_REVOKED = 200
/** Above what any shard ever counted, and far below where counting on would lose precision. */
const MAX_COUNTER = 2 ** 40
/** A hundred years: whoever keeps deleted ones for ever says something like it. */
const MAX_RETENTION_MS = 100 * 366 * 24 * 3_600_000
/** Far future times of creation would put off everything that is created after them. */
const CLOCK_DIFFERENCE_MS = 24 * 3_600_000

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
const counter = z.int().min(0).max(MAX_COUNTER)
const past: ZodType<number> = timeText.refine((ms) => ms >= 0 && ms <= Date.now() + CLOCK_DIFFERENCE_MS, {
  error: 'must be a time that has been',
})

export interface ImportBody {
  readonly archive: string
  readonly dry_run: boolean
  readonly rows: readonly ArchivedRow[]
}

export function importBody(type: ResourceType): ZodType<ImportBody> {
  return z
    .strictObject({
      archive: sha256.describe('Digest of the archive: what has come from it before is known by this'),
      dry_run: z.boolean().default(false).describe('Only say what would be in the way'),
      rows: z.array(archivedRow(type)).min(1).max(MAX_IMPORT_ROWS),
    })
    .meta({ id: `Import${pascalCase(type.plural)}` }) as unknown as ZodType<ImportBody>
}

const members = {
  id: z.string().max(63),
  account: z.string().min(1).max(100),
  name: nameText.nullable(),
  state: z.enum(['live', 'deleted', 'purged']),
  mode: z.enum(['active', 'read_only', 'suspended']),
  token_generation: counter.min(1),
  revoked_tokens: z.array(z.strictObject({ id: z.string().regex(TOKEN_ID), expire_time: timeText })).max(MAX_REVOKED),
  allowed_origins: origins,
  hosts: hostNames,
  settings: z
    .record(z.string(), z.unknown())
    .refine((settings) => JSON.stringify(settings).length <= MAX_SETTINGS_CHARACTERS, 'must be smaller'),
  labels,
  metadata,
  delete_protection: z.boolean(),
  create_time: past,
  update_time: timeText,
  delete_time: timeText.optional(),
  retention_left_ms: z.number().min(0).max(MAX_RETENTION_MS).optional(),
  expire_time: timeText.optional(),
  incarnation: counter,
  version: counter.min(1),
  revision: counter,
  usage: z
    .strictObject({
      bytes: z
        .int()
        .min(0)
        .max(2 ** 50),
      last_write_time: timeText,
      report_time: timeText,
    })
    .optional(),
}

/** What is said of a row must go together: a deletion has a time, and only what can be restored has a time that is left. */
function isConsistent({ state, delete_time, retention_left_ms }: z.infer<z.ZodObject<typeof members>>): boolean {
  const isGone = state !== 'live'
  return (delete_time !== undefined) === isGone && (retention_left_ms !== undefined) === (state === 'deleted')
}

function archivedRow(type: ResourceType): ZodType {
  const row = z.strictObject({ ...members, visibility: z.enum(type.visibility) })
  return row
    .refine(isConsistent, 'state, delete_time and retention_left_ms must go together')
    .transform((given): ArchivedRow => {
      const { usage, state } = given
      return {
        id: given.id,
        account: given.account,
        name: given.name?.normalize('NFC') ?? null,
        state,
        mode: given.mode,
        visibility: given.visibility,
        generation: given.token_generation,
        revoked: given.revoked_tokens.map(({ id, expire_time: expiresAtMs }) => ({ tokenId: id, expiresAtMs })),
        allowedOrigins: given.allowed_origins,
        hosts: given.hosts,
        settings: given.settings,
        labels: given.labels,
        metadata: given.metadata,
        isProtected: given.delete_protection,
        createTimeMs: given.create_time,
        updateTimeMs: given.update_time,
        deleteTimeMs: given.delete_time ?? null,
        retentionLeftMs: given.retention_left_ms ?? null,
        expireTimeMs: given.expire_time ?? null,
        incarnation: given.incarnation,
        version: given.version,
        revision: given.revision,
        ...(usage === undefined || state === 'purged'
          ? {}
          : { usage: { bytes: usage.bytes, writeTimeMs: usage.last_write_time, reportTimeMs: usage.report_time } }),
      }
    })
}

export interface LoadQuery {
  readonly archive: string
  readonly sha256: string
  readonly bytes: number
}

export const loadQuery: ZodType<LoadQuery> = z.strictObject({
  archive: sha256.describe('As its row was imported with'),
  sha256: sha256.describe('Of the whole content'),
  bytes: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .describe('Of the whole content; the request has this Content-Length'),
})

export const exportAnswer: ZodType = z
  .strictObject({
    deployment: z.string().describe('Whose rows they are.'),
    data: z.array(z.looseObject({ id: z.string(), state: z.enum(['live', 'deleted', 'purged']) })),
    skipped: z.array(z.string()).describe("Being created, or imported; or its identifier is the platform's own."),
    next_cursor: z.string().optional(),
  })
  .meta({ id: 'ArchivePage' })

export const importAnswer: ZodType = z
  .strictObject({
    data: z.array(
      z.strictObject({
        id: z.string(),
        outcome: z.enum(['awaiting', 'complete', 'conflict']).describe('`awaiting`: send its content.'),
        reason: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Imported' })
