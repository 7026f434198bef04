// What the members of bodies and queries are made of. A message says what the text must be, for whoever sent another.

import * as z from 'zod'
import type { ZodType } from 'zod'

/** Free text, 1 to 100 code points. Control characters would only ever be a mistake or an attack on a terminal. */
export const nameText: ZodType<string> = z
  .string({
    error: ({ input }) => (input === undefined ? 'must be given' : undefined),
  })
  .refine((text) => hasLength(text.normalize('NFC'), 1, 100), 'must have 1 to 100 characters')
  .refine((text) => !/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u.test(text), 'must have no control characters')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
  .refine((text) => text.trim() === text, 'must not begin or end with white space')
  .describe('1 to 100 characters, for people; unique among those of the account that are not deleted')

const strings = z
  .record(z.string().min(1).max(40), z.string().max(500))
  .refine((entries) => Object.keys(entries).length <= 50, 'must have 50 entries at most')
export const labels: ZodType<Record<string, string>> = strings
  .refine(
    (entries) => Object.keys(entries).every((key) => !key.includes(':')),
    'must have no colon in a key: filters say key:value',
  )
  .describe('To filter by. At most 50; keys of 1 to 40 characters without a colon, values of 500 at most')
export const metadata: ZodType<Record<string, string>> = strings.describe(
  'Kept and never interpreted. At most 50; keys of 1 to 40 characters, values of 500 at most',
)

/** As browsers and proxies send it in `Host`: lower case, and other alphabets in their ASCII form. Its last label is no number: not an IP address. */
export const hostName: ZodType<string> = z
  .string()
  .max(253)
  .regex(
    /^(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)(?=[a-z0-9-]*[a-z])[a-z0-9-]{2,63}(?<!-)$/,
    'must be a host name such as notes.example.org',
  )

/** A handful: the object compares each, and the descriptor carries them all. */
export const hostNames: ZodType<string[]> = z
  .array(hostName)
  .max(10)
  .refine((names) => new Set(names).size === names.length, 'must have each name once')
  .describe("Host names of the owner's own, which a proxy maps to the resource")

/** Exact origins only: a wildcard with credentials would open the resource to every page. */
export const origins: ZodType<string[]> = z
  .array(
    z
      .string()
      .refine(
        (text) => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text,
        'must be an origin such as https://app.example',
      ),
  )
  .max(20)
  .describe('Origins whose pages may call the content (CORS), such as https://app.example')

/** A flag in a query. */
export const flag: ZodType<boolean> = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true')

export const searchText: ZodType<string> = z
  .string()
  .refine((text) => hasLength(text.normalize('NFC'), 1, 100), 'must have 1 to 100 characters')

/** What RFC 3339 can write: an offset leads a little beyond it. */
const FIRST_TIME_MS: number = Date.parse('0000-01-01T00:00:00Z')
const LAST_TIME_MS: number = Date.parse('9999-12-31T23:59:59.999Z')

/** RFC 3339, as the API shows times. @returns milliseconds since 1970 */
export const timeText: ZodType<number> = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' })
  .refine(
    (text) => Date.parse(text) >= FIRST_TIME_MS && Date.parse(text) <= LAST_TIME_MS,
    'must be between the years 0 and 9999 in UTC',
  )
  .transform((text) => Date.parse(text))
  .describe('RFC 3339')

/** Counts code points, as people count characters, not UTF-16 units. */
function hasLength(text: string, least: number, most: number): boolean {
  const length = Array.from(text).length
  return length >= least && length <= most
}
