// A schema as a table that a person reads: one row for each member, those of members below them.

import { SCHEMAS_PREFIX, type JsonSchema } from './openapi-schemas.ts'
import { escapeHtml } from './page.ts'

/** HTML of the members; empty for a schema that has none. */
export function memberTable(schema: JsonSchema): string {
  const tables = optionsOf(schema).map((option) => memberTable(option))
  if (tables.some((html) => html !== '')) return tables.join('<p>or</p>')
  const rows = membersOf(schema, '')
  if (rows.length === 0) return ''
  return table(
    ['Member', 'Type', ''],
    rows.map(({ name, isRequired, member }) => [
      `<code>${escapeHtml(name)}</code>${isRequired ? ' <b>required</b>' : ''}`,
      typeHtml(member),
      proseHtml(noteOf(member)),
    ]),
  )
}

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th>${text}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
}

interface Member {
  readonly name: string
  readonly isRequired: boolean
  readonly member: JsonSchema
}

/** Members that have a name of their own in the document are referred to, so this ends. */
function membersOf(schema: JsonSchema, prefix: string): Member[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => [
    { name: prefix + name, isRequired: schema.required?.includes(name) === true, member },
    ...membersOf(member, `${prefix}${name}.`),
    ...membersOf(member.items ?? {}, `${prefix}${name}[].`),
  ])
}

/** `string`, `"a" | "b"`, a link to a named schema ... */
export function typeHtml(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return referenceHtml(schema.$ref)
  if (schema.enum !== undefined) return schema.enum.map((value) => codeHtml(JSON.stringify(value))).join(' | ')
  if (schema.const !== undefined) return codeHtml(JSON.stringify(schema.const))
  const options = optionsOf(schema)
  if (options.length > 0) return options.map((option) => typeHtml(option)).join(' | ')
  if (schema.type === 'array') return `array of ${typeHtml(schema.items ?? {})}`
  const { additionalProperties: values } = schema
  if (schema.type === 'object' && typeof values === 'object' && schema.properties === undefined)
    return Object.keys(values).length === 0 ? 'object' : `object of ${typeHtml(values)}`
  if (typeof schema['format'] === 'string') return escapeHtml(schema['format'])
  return escapeHtml([schema.type ?? 'any JSON'].flat().join(' | '))
}

function optionsOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? []
}

export function referenceHtml(reference: string): string {
  const name = reference.slice(SCHEMAS_PREFIX.length)
  return `<a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`
}

/** What it is for, and what it must be. */
export function noteOf(schema: JsonSchema): string {
  const { description, items = {} } = schema
  const bounds = [
    ...boundsOf(schema),
    ...boundsOf(items).map((text) => `each: ${text}`),
    ...(schema.default === undefined ? [] : [`default: ${JSON.stringify(schema.default)}`]),
  ].join('; ')
  if (description === undefined) return bounds
  return bounds === '' ? description : `${description.replace(/\.$/, '')} (${bounds})`
}

const BOUNDS: Readonly<Record<string, string>> = {
  minimum: 'at least',
  maximum: 'at most',
  minLength: 'least characters:',
  maxLength: 'most characters:',
  minItems: 'least number:',
  maxItems: 'most:',
}

function boundsOf(schema: JsonSchema): string[] {
  return Object.entries(BOUNDS).flatMap(([keyword, words]) =>
    typeof schema[keyword] === 'number' ? [`${words} ${schema[keyword]}`] : [],
  )
}

/** Text whose code stands between backticks. */
export function proseHtml(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}

function codeHtml(text: string): string {
  return `<code>${escapeHtml(text)}</code>`
}
