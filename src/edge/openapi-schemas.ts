// From zod's schemas to the document's: JSON Schema 2020-12, as OpenAPI 3.1 takes it. What has a name stands once, under
// `components`.

import * as z from 'zod'
import type { ZodType } from 'zod'

/** JSON Schema, as far as this code looks at it. */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly additionalProperties?: JsonSchema | boolean
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly not?: JsonSchema
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly [keyword: string]: unknown
}

export const SCHEMAS_PREFIX = '#/components/schemas/'

/** Collects the named schemas of one document. */
export class SchemaCollector {
  readonly components: Record<string, JsonSchema> = {}
  /** Name -> the schema before its references were renamed: two schemas of one name are told apart by it. */
  readonly #sources = new Map<string, string>()

  /**
   * @param io what clients send (`input`), or what they get (`output`)
   * @returns the schema, or a reference to it when it has a name
   */
  add(schema: ZodType, io: 'input' | 'output'): JsonSchema {
    // What a builder's schema has that JSON cannot say is shown as anything: his documentation is there all the same.
    const { $schema: _, $defs = {}, ...root } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
    const names = new Map(Object.entries($defs).map(([name, source]) => [name, this.#nameFor(name, source)]))
    for (const [name, source] of Object.entries($defs)) {
      const kept = names.get(name) ?? name
      this.components[kept] ??= tidy(source, io, names) as JsonSchema
    }
    return tidy(root, io, names) as JsonSchema
  }

  /** Its own name if nobody else has it; zod numbers those without a name by itself, beginning anew each time. */
  #nameFor(name: string, source: unknown): string {
    const text = JSON.stringify(source)
    for (let count = 1; ; count++) {
      const candidate = `${name.replace(/^__s/, 'S')}${count === 1 ? '' : count}`
      const known = this.#sources.get(candidate)
      if (known !== undefined && known !== text) continue
      this.#sources.set(candidate, text)
      return candidate
    }
  }
}

/** A copy whose references lead to the document's components, without what says nothing to a reader. */
function tidy(value: unknown, io: 'input' | 'output', names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => tidy(item, io, names))
  if (typeof value !== 'object' || value === null) return value
  const schema = value as JsonSchema
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword, content]) => !isNoise(keyword, content, schema, io))
      .map(([keyword, content]) => [
        keyword,
        keyword === '$ref' && typeof content === 'string' ? toReference(content, names) : tidy(content, io, names),
      ]),
  )
}

function toReference(reference: string, names: ReadonlyMap<string, string>): string {
  const name = reference.replace(/^#\/\$defs\//, '')
  return SCHEMAS_PREFIX + (names.get(name) ?? name)
}

function isNoise(keyword: string, content: unknown, schema: JsonSchema, io: 'input' | 'output'): boolean {
  switch (keyword) {
    // Every JSON number is within these.
    case 'minimum':
      return content === Number.MIN_SAFE_INTEGER
    case 'maximum':
      return content === Number.MAX_SAFE_INTEGER
    // A calendar as a regular expression, beside the format that says the same.
    case 'pattern':
      return schema['format'] === 'date-time'
    // An answer may get further members: clients must not refuse them.
    case 'additionalProperties':
      return io === 'output' && content === false
    default:
      // A member that nothing fits is no member.
      return isNothing(content)
  }
}

function isNothing(content: unknown): boolean {
  const not = (content as JsonSchema | null)?.not
  return not !== undefined && Object.keys(not).length === 0
}
