// The shapes of requests and answers about API keys.

import * as z from 'zod'
import type { ZodType } from 'zod'
import { KEY_ROLES, type KeyRole } from '../wire/account.ts'
import { nameText } from './members.ts'

/** Ten years: longer is the same as for ever. */
const MAX_KEY_SECONDS: number = 10 * 366 * 24 * 3_600

export interface KeyBody {
  readonly name?: string | undefined
  readonly role: KeyRole
  readonly expires_in?: number | undefined
}

export const keyBody: ZodType<KeyBody> = z.strictObject({
  name: nameText.optional().describe('For people: who or what uses it'),
  role: z
    .enum(KEY_ROLES)
    .default('member')
    .describe('`read` looks; `member` also creates, changes and deletes; `admin` also manages keys'),
  expires_in: z.int().min(1).max(MAX_KEY_SECONDS).optional().describe('Seconds; default: it does not expire'),
})

const time = z.iso.datetime()

const key = {
  id: z.string().describe('Public: the beginning of the secret part.'),
  name: z.string().nullable(),
  role: z.enum(KEY_ROLES),
  create_time: time,
  expire_time: time.optional(),
  last_used_time: time.optional().describe('Within a minute; absent until the first use.'),
}

export const keyAnswer: ZodType = z.strictObject(key).meta({ id: 'Key' })

export const newKeyAnswer: ZodType = z
  .strictObject({ ...key, key: z.string().describe('The key itself: shown this once.') })
  .meta({ id: 'NewKey' })

export const keysAnswer: ZodType = z.strictObject({ data: z.array(keyAnswer).describe('All of them.') })
