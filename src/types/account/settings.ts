// What an account may have, as its operator writes it.

import * as z from 'zod'
import { CELL_CODE } from '../../identity/cell.ts'
import { TYPE_NAME } from '../../identity/resource-id.ts'
import { MAX_REQUESTS_PER_SECOND, type AccountSettingsJson } from '../../wire/account.ts'

/** Resource types that an account can have limits of: more than any application declares. */
const MAX_TYPES = 100

const limits = z.strictObject({
  resources: z.int().min(0).optional().describe('Resources that are not deleted'),
  bytes: z.int().min(0).optional().describe('Bytes of all of them together, as last reported'),
  resource_bytes: z.int().min(1).optional().describe('Bytes of each'),
  creates_per_minute: z.int().min(0).optional(),
})

/** `settings` of an account: replaced as a whole. */
export const accountSettings: z.ZodType<AccountSettingsJson> = z
  .strictObject({
    limits: z
      .record(z.string().regex(TYPE_NAME, 'the name of a resource type'), limits)
      .refine((byType) => Object.keys(byType).length <= MAX_TYPES, `at most ${MAX_TYPES} types`)
      .optional()
      .describe('Type name -> limits; what is not said has none.'),
    requests_per_second: z
      .int()
      .min(1)
      .max(MAX_REQUESTS_PER_SECOND)
      .optional()
      .describe('Control plane requests that the edge lets through.'),
    cell: z
      .string()
      .regex(CELL_CODE, 'must be a cell code such as weur')
      .optional()
      .describe('Where its new resources live. Default: where their type says, or near whoever creates them.'),
  })
  .meta({ id: 'AccountSettings' })
