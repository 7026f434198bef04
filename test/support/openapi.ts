// What tests of the API's document share: finding their way in it, and holding values to its schemas. The schemas are read back from the
// document, so what is checked is what clients get.

import * as z from 'zod'
import type { Answer, OpenApi, Operation, Parameter, Reference } from '../../src/edge/openapi-parts.ts'
import { SCHEMAS_PREFIX, type JsonSchema } from '../../src/edge/openapi-schemas.ts'

export interface Entry {
  readonly method: string
  /** As in the document: `/v1/wikis/{id}`. */
  readonly path: string
  readonly operation: Operation
}

export function operationsOf(api: OpenApi): Entry[] {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
}

/** What a reference leads to, anywhere in the document. @throws Error when it leads nowhere */
export function resolve<T>(api: OpenApi, value: T | Reference): T {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return value
  const found = value.$ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], api)
  if (found === undefined) throw new Error(`${value.$ref} leads nowhere`)
  return found as T
}

export function parametersOf(api: OpenApi, { parameters }: Operation): Parameter[] {
  return parameters.map((parameter) => resolve(api, parameter))
}

export function answersOf(api: OpenApi, { responses }: Operation): [status: string, answer: Answer][] {
  return Object.entries(responses).map(([status, answer]) => [status, resolve(api, answer)])
}

/** What is wrong with a value; undefined = nothing. Members that the document does not name are wrong, too. */
export function faultOf(api: OpenApi, schema: JsonSchema, value: unknown): string | undefined {
  const result = toZod(api, schema).safeParse(value)
  return result.success ? undefined : z.prettifyError(result.error)
}

/** Reading a schema back takes milliseconds, and many are used often. */
const readBack = new WeakMap<OpenApi, Map<string, z.ZodType>>()

function toZod(api: OpenApi, schema: JsonSchema): z.ZodType {
  const known = readBack.get(api) ?? new Map<string, z.ZodType>()
  readBack.set(api, known)
  const key = JSON.stringify(schema)
  const made = known.get(key) ?? z.fromJSONSchema(withDefinitions(api, schema))
  known.set(key, made)
  return made
}

type WholeSchema = Parameters<typeof z.fromJSONSchema>[0]

function withDefinitions(api: OpenApi, schema: JsonSchema): WholeSchema {
  const $defs: Record<string, JsonSchema> = {}
  const collect = (part: unknown): void => {
    for (const name of referencesIn(part).map((reference) => reference.replace(SCHEMAS_PREFIX, ''))) {
      const found = api.components.schemas[name]
      if (found === undefined || name in $defs) continue
      $defs[name] = found
      collect(found)
    }
  }
  collect(schema)
  const text = JSON.stringify({ allOf: [schema], $defs }).replaceAll(SCHEMAS_PREFIX, '#/$defs/')
  return JSON.parse(text, (_, part: unknown) => closed(part)) as WholeSchema
}

/** Answers may get further members, says the document; the ones of today are known. */
function closed(part: unknown): unknown {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
  const schema = part as JsonSchema
  const isOpen = schema.type === 'object' && schema.properties !== undefined && !('additionalProperties' in schema)
  return isOpen && schema.required !== undefined ? { ...schema, additionalProperties: false } : part
}

/** Everything that a reader or a generator would stumble over. */
export function lint(api: OpenApi): string[] {
  const lost = referencesIn(api).flatMap((reference) => faultsOfReference(api, reference))
  if (lost.length > 0) return lost
  const entries = operationsOf(api)
  const ids = entries.map(({ operation }) => operation.operationId)
  const tags = api.tags.map(({ name }) => name)
  const used = new Set(entries.flatMap(({ operation }) => operation.tags))
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `two operations are called ${id}`),
    ...tags.filter((tag) => !used.has(tag)).map((tag) => `nobody has the tag ${tag}`),
    ...unusedComponents(api),
    ...Object.entries(api.components.responses).flatMap(([name, answer]) => lintAnswer(api, name, answer)),
    ...entries.flatMap((entry) =>
      lintOperation(api, entry, tags).map((fault) => `${entry.operation.operationId}: ${fault}`),
    ),
  ]
}

function lintAnswer(api: OpenApi, name: string, { content = {} }: Answer): string[] {
  return Object.values(content).flatMap(({ schema, example, examples }) =>
    (examples === undefined ? [example] : Object.values(examples).map(({ value }) => value)).flatMap((value) =>
      named(`the example of ${name}`, faultOf(api, schema, value)),
    ),
  )
}

function lintOperation(api: OpenApi, { method, path, operation }: Entry, tags: readonly string[]): string[] {
  const { operationId, summary, requestBody } = operation
  const parameters = parametersOf(api, operation)
  const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
  const inTemplate = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name)
  const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`)
  const statuses = Object.keys(operation.responses)
  const body = requestBody?.content['application/json']
  return [
    ...(/^[a-z][A-Za-z]+_*$/.test(operationId) ? [] : ['its id is no name']),
    ...(/^[A-Z].{5,}[^.]$/.test(summary) ? [] : ['its summary is none']),
    ...(operation.tags.length === 1 && tags.includes(operation.tags[0] ?? '') ? [] : ['it has no tag of the document']),
    ...(inPath.toSorted().join() === inTemplate.toSorted().join() ? [] : [`its path has ${inTemplate.join()}`]),
    ...parameters
      .filter((each) => each.in === 'path' && each.required !== true)
      .map(({ name }) => `${name} is required`),
    ...keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `${key} is there twice`),
    ...parameters.filter(({ description }) => description === undefined).map(({ name }) => `${name} is not described`),
    ...parameters.flatMap(({ name, schema, example }) =>
      example === undefined ? [] : named(`the example of ${name}`, faultOf(api, schema, example)),
    ),
    ...(statuses.some((status) => status.startsWith('2')) ? [] : ['it never succeeds']),
    ...['400', '401', '403', '429', '500', '503', '504']
      .filter((status) => !statuses.includes(status))
      .map((status) => `no ${status}`),
    ...(method === 'GET' && requestBody !== undefined ? ['a GET has a body'] : []),
    ...(body === undefined ? [] : named('the example of the body', faultOf(api, body.schema, body.example))),
    ...Object.entries(operation.responses).flatMap(([status, answer]) =>
      '$ref' in answer ? [] : lintAnswer(api, status, answer),
    ),
  ]
}

function named(what: string, fault: string | undefined): string[] {
  return fault === undefined ? [] : [`${what}: ${fault}`]
}

export function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, part]) =>
    key === '$ref' && typeof part === 'string' ? [part] : referencesIn(part),
  )
}

function faultsOfReference(api: OpenApi, reference: string): string[] {
  try {
    resolve(api, { $ref: reference })
    return []
  } catch (error) {
    return [String(error)]
  }
}

function unusedComponents(api: OpenApi): string[] {
  const used = new Set(referencesIn(api))
  return (['schemas', 'responses', 'headers'] as const)
    .flatMap((kind) => Object.keys(api.components[kind]).map((name) => `#/components/${kind}/${name}`))
    .filter((reference) => !used.has(reference))
    .map((reference) => `${reference} is used by nobody`)
}
