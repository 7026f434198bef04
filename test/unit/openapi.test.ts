import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { describeApi } from '../../src/edge/openapi.ts'
import type { OpenApi } from '../../src/edge/openapi-parts.ts'
import { toReference } from '../../src/edge/reference.ts'
import { controlRoutes } from '../../src/edge/routes.ts'
import { defineResourceType, type ResourceType } from '../../src/resource-type.ts'
import { VERSION } from '../../src/wire/version.ts'
import { faultOf, lint, operationsOf } from '../support/openapi.ts'
import { ROOT } from '../support/server.ts'

const tree: z.ZodType = z.object({ leaf: z.string().optional(), children: z.array(z.lazy(() => tree)).optional() })

/** Everything that a type can declare, also what JSON cannot say. */
const types: readonly ResourceType[] = [
  defineResourceType({ name: 'box', plural: 'boxes', object: Object }),
  defineResourceType({
    name: 'garden',
    object: Object,
    params: z.strictObject({ root: tree, planted: z.date().optional(), height: z.bigint().optional() }).meta({
      examples: [{ root: { children: [{ leaf: 'oak' }] } }],
    }),
    settings: z.strictObject({ depth: z.int().min(1).default(3) }).meta({ examples: [{ depth: 4 }] }),
    metadata: z.object({ owner: z.string() }),
    visibility: ['public-read', 'private'],
  }),
  // Its name is a word of ours.
  defineResourceType({ name: 'operation', plural: 'surgeries', object: Object }),
]
const config = { publicUrl: 'https://biplane.example' }
const api = describeApi({ types, hooks: {}, config })
const small = describeApi({ types: types.slice(0, 1), hooks: {}, config })

function authenticate(): undefined {
  return undefined
}

function idsOf(tag: string): string[] {
  return operationsOf(api)
    .filter(({ operation }) => operation.tags.includes(tag))
    .map(({ operation }) => operation.operationId)
    .toSorted()
}

function broken(change: (copy: OpenApi) => void): string[] {
  const copy = structuredClone(small)
  change(copy)
  return lint(copy)
}

type Writable = Readonly<Record<string, Record<string, unknown>>>

function boxes(copy: OpenApi): Readonly<Record<string, Writable>> {
  return copy.paths['/v1/boxes'] as never
}

describe('the document', () => {
  test('[HT8] has nothing that a reader or a generator would stumble over', () => {
    expect(lint(api)).toEqual([])
    expect(lint(small)).toEqual([])
  })

  test('[HT8] has every route of the table, and no other', () => {
    const routes = controlRoutes({ types }).map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    expect(
      operationsOf(api)
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    ).toEqual(routes.toSorted())
  })

  test('[HT8] names operations after what they do; a name stays', () => {
    expect(idsOf('boxes')).toEqual([
      'bulkCreateBoxes',
      'countBoxes',
      'createBox',
      'deleteBox',
      'dumpBox',
      'exportBoxes',
      'getBox',
      'importBoxes',
      'inspectBox',
      'listBoxes',
      'loadBox',
      'mintBoxLink',
      'mintBoxToken',
      'moveBox',
      'purgeDeletedBoxes',
      'restoreBox',
      'revokeBoxToken',
      'revokeBoxTokens',
      'transferBox',
      'updateBox',
    ])
    expect(idsOf('cells')).toEqual(['reconcileCell'])
    expect(idsOf('operations')).toEqual(['cancelOperation', 'getOperation', 'listOperations'])
    expect(idsOf('surgeries')).toContain('getOperation_')
  })

  test('[HT8] every schema of the table can be said in JSON Schema without loss of a member', () => {
    for (const route of controlRoutes({ types: types.slice(0, 1) })) {
      const given = [route.body, route.query].filter((schema) => schema !== undefined)
      const answered = Object.values(route.answers).flatMap(({ schema }) => (schema === undefined ? [] : [schema]))
      // Nothing of ours but "no body" and "no params" needs a way out.
      for (const schema of given.filter(({ type }) => type !== 'undefined'))
        expect(() => z.toJSONSchema(schema, { io: 'input' })).not.toThrow()
      for (const schema of answered) expect(() => z.toJSONSchema(schema, { io: 'output' })).not.toThrow()
    }
  })

  test("[HT8] a type's own schemas and examples are in it", () => {
    const { CreateGarden: create = {}, CreateBox: box = {}, UpdateGarden: update = {} } = api.components.schemas
    expect(Object.keys(box.properties ?? {})).not.toContain('params')
    expect(Object.keys(create.properties ?? {})).toEqual(expect.arrayContaining(['params', 'settings', 'metadata']))
    expect(faultOf(api, create, { params: { root: { children: [{ leaf: 'a' }] } } })).toBeUndefined()
    expect(faultOf(api, create, { params: { root: { children: [{ leaf: 1 }] } } })).toContain('params')
    expect(faultOf(api, create, { params: {} })).toContain('root')
    expect(faultOf(api, update, { settings: { depth: 0 } })).toContain('depth')
    expect(faultOf(api, create, { visibility: 'public' })).toContain('visibility')
    expect(api.paths['/v1/gardens']?.['post']?.requestBody?.content['application/json']?.example).toMatchObject({
      params: { root: { children: [{ leaf: 'oak' }] } },
      settings: { depth: 4 },
    })
  })

  test('[HT8] says what is text in a URL as what it means', () => {
    const parameters = api.paths['/v1/boxes']?.['get']?.parameters ?? []
    const schemaOf = (name: string): unknown =>
      parameters.flatMap((each) => ('name' in each && each.name === name ? [each.schema] : []))[0]
    expect(schemaOf('limit')).toEqual({ type: 'integer', minimum: 1, default: 50 })
    expect(schemaOf('deleted')).toEqual({ type: 'boolean', default: false })
    expect(schemaOf('order')).toMatchObject({ enum: ['ascending', 'descending'], default: 'ascending' })
    expect(schemaOf('created_from')).toEqual({ type: 'string', format: 'date-time' })
  })

  test('[HT8] says who may call what, and with what', () => {
    const box = api.paths['/v1/boxes/{id}']
    expect([box?.['get']?.['x-least-role'], box?.['delete']?.['x-least-role']]).toEqual(['read', 'member'])
    const accountType = defineResourceType({ name: 'tenant', object: Object })
    const withAccounts = describeApi({ types: types.slice(0, 1), accountType, hooks: {}, config })
    expect(Object.keys(withAccounts.components.securitySchemes)).toEqual(['apiKey', 'operatorKey', 'session'])
    // An account's key is never the operator's.
    const inspect = withAccounts.paths['/v1/boxes/{id}/inspect']?.['get']
    expect(inspect).toMatchObject({ 'x-least-role': 'operator', security: [{ operatorKey: [] }, { session: [] }] })
    const own = describeApi({ types: types.slice(0, 1), hooks: { authenticate }, config })
    expect([own.security, own.components.securitySchemes]).toEqual([[], {}])
    expect(lint(own)).toEqual([])
  })

  test('[HT8] the version in it is the one of the package', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect([VERSION, api.info.version]).toEqual([version, version])
  })
})

describe('the lint', () => {
  test.each<[string, (copy: OpenApi) => void, string]>([
    [
      'a name that is there twice',
      (copy) => Object.assign(boxes(copy)['get'] ?? {}, { operationId: 'createBox' }),
      'two operations',
    ],
    [
      'a reference to nothing',
      (copy) => delete (copy.components.schemas as Record<string, unknown>)['Resource'],
      'leads nowhere',
    ],
    ['a component that nobody uses', (copy) => Object.assign(copy.components.schemas, { Lost: {} }), 'used by nobody'],
    [
      'a parameter that is not declared',
      (copy) => Object.assign(copy.paths['/v1/boxes/{id}']?.['get'] ?? {}, { parameters: [] }),
      'its path has id',
    ],
    [
      'an example of another shape',
      (copy) =>
        Object.assign(boxes(copy)['post']?.['requestBody'] ?? {}, {
          content: { 'application/json': { schema: { $ref: '#/components/schemas/CreateBox' }, example: { nmae: 1 } } },
        }),
      'nmae',
    ],
    [
      'an answer without an example',
      (copy) =>
        Object.assign(boxes(copy)['get']?.['responses'] ?? {}, {
          200: { description: '', content: { 'application/json': { schema: { type: 'object' } } } },
        }),
      'the example of 200',
    ],
  ])('[HT8] finds %s', (_what, change, fault) => {
    expect(broken(change).join('\n')).toContain(fault)
  })
})

describe('the reference', () => {
  const { page } = toReference(api)

  test('[HT11] shows every operation, schema and code, and each of its links leads to one of them', () => {
    const ids = Array.from(page.matchAll(/ id="([^"]+)"/g), ([, id = '']) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    for (const { operation } of operationsOf(api)) expect(ids).toContain(operation.operationId)
    for (const name of Object.keys(api.components.schemas)) expect(ids).toContain(`schema-${name}`)
    const links = Array.from(page.matchAll(/href="#([^"]+)"/g), ([, target = '']) => target)
    expect(links.length).toBeGreaterThan(200)
    expect(links.filter((target) => !ids.includes(target))).toEqual([])
  })

  test('[HT11] loads nothing and runs nothing', () => {
    expect(page).not.toMatch(/<(script|img|link|iframe|object|form)\b| on\w+=| style=|src=/)
  })

  test('[HT11] text of a type is text, also in a request to copy', () => {
    const params = z
      .strictObject({ quote: z.string().describe('<b>bold</b>') })
      .meta({ examples: [{ quote: "it's <i>" }] })
    const type = defineResourceType({ name: 'quip', object: Object, params })
    const quips = toReference(describeApi({ types: [type], hooks: {}, config })).page
    expect(quips).toContain('&#60;b&#62;bold')
    expect(quips).not.toMatch(/<b>bold|<i>/)
    expect(quips).toContain(String.raw`it&#39;\&#39;&#39;s`)
  })
})
