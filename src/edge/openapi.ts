// The API described by itself: an OpenAPI 3.1 document from the table of routes. What is not in the table is not in the document.

import { titleOf, type ErrorCode } from '../wire/errors.ts'
import { VERSION } from '../wire/version.ts'
import { problemAnswer } from './answers.ts'
import type { Deployment } from './deployment.ts'
import { pathExample } from './example-values.ts'
import { exampleOf } from './examples.ts'
import { operationIdOf } from './names.ts'
import { byStatus, errorsOf, problemExample } from './openapi-errors.ts'
import {
  ACCOUNT_PARAMETER,
  DESCRIPTION,
  HEADERS,
  PARAMETERS,
  REQUEST_ID_PARAMETER,
  RETRY_AFTER_STATUSES,
  TAG_DESCRIPTIONS,
  refusalName,
  securitySchemes,
  type Answer,
  type OpenApi,
  type Operation,
  type Parameter,
  type Reference,
} from './openapi-parts.ts'
import { SchemaCollector, type JsonSchema } from './openapi-schemas.ts'
import { leastRole } from './roles.ts'
import type { ControlRoute, RouteAnswer, RouteExample } from './route.ts'
import { controlRoutes } from './routes.ts'
import { emptyBody, noBody } from './schemas.ts'

/** As much of a deployment as the document tells. */
export type Described = Pick<Deployment, 'types' | 'accountType' | 'hooks'> & {
  readonly config: Pick<Deployment['config'], 'publicUrl'>
}

/** @returns the document: plain data, the same for everybody who asks */
export function describeApi(deployment: Described): OpenApi {
  return new Description(deployment).toDocument()
}

class Description {
  readonly #deployment: Described
  readonly #schemas = new SchemaCollector()
  readonly #refusals: Record<string, Answer> = {}
  readonly #operationIds = new Set<string>()

  constructor(deployment: Described) {
    this.#deployment = deployment
  }

  toDocument(): OpenApi {
    const { hooks, accountType, config, types } = this.#deployment
    const schemes = securitySchemes(hooks.authenticate !== undefined, accountType !== undefined)
    const paths: Record<string, Record<string, Operation>> = {}
    const tags = new Set<string>()
    for (const route of controlRoutes(this.#deployment)) {
      const operation = this.#operation(route, Object.keys(schemes))
      for (const tag of operation.tags) tags.add(tag)
      ;(paths[toTemplate(route.path)] ??= {})[route.method.toLowerCase()] = operation
    }
    const described = new Map(
      types.map(({ name, plural }) => [plural, `Every ${name} is a resource with an object of its own.`]),
    )
    return {
      openapi: '3.1.0',
      info: {
        title: 'Biplane',
        version: VERSION,
        summary: 'The control plane: resources, and who may do what with them.',
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: config.publicUrl }],
      security: Object.keys(schemes).map((name) => ({ [name]: [] })),
      tags: Array.from(tags, (name) => ({ name, description: described.get(name) ?? TAG_DESCRIPTIONS[name] ?? name })),
      paths,
      components: {
        schemas: this.#schemas.components,
        responses: this.#refusals,
        parameters: PARAMETERS,
        headers: HEADERS,
        securitySchemes: schemes,
      },
    }
  }

  #operation(route: ControlRoute, schemes: readonly string[]): Operation {
    const role = leastRole(route.action)
    const example = exampleOf(route)
    const body = this.#body(route, example)
    const codes = errorsOf(route, body !== undefined, this.#deployment.accountType !== undefined)
    return {
      operationId: this.#unique(operationIdOf(route)),
      tags: [route.path.split('/')[2] ?? ''],
      summary: route.summary,
      'x-least-role': role,
      'x-action': route.action,
      // An account's key never has the operator's role.
      ...(role === 'operator' && schemes.includes('apiKey')
        ? { security: schemes.filter((name) => name !== 'apiKey').map((name) => ({ [name]: [] })) }
        : {}),
      parameters: this.#parameters(route, example),
      ...(body === undefined ? {} : { requestBody: body }),
      responses: {
        ...Object.fromEntries(
          Object.entries(route.answers).map(([status, answer]) => [
            status,
            this.#answer(answer, example?.answers[Number(status)]),
          ]),
        ),
        ...Object.fromEntries(Array.from(byStatus(codes), ([status, some]) => [status, this.#refusal(status, some)])),
      },
    }
  }

  /** Two types that share a word would otherwise share a name, which generators take ill. */
  #unique(id: string): string {
    const free = this.#operationIds.has(id) ? this.#unique(`${id}_`) : id
    this.#operationIds.add(free)
    return free
  }

  #parameters(route: ControlRoute, example: RouteExample | undefined): (Parameter | Reference)[] {
    const inPath = Array.from(route.path.matchAll(/:(\w+)/g), ([, name = '']) => ({
      name,
      in: 'path' as const,
      required: true,
      description: name === 'id' ? `Identifier of the ${route.type?.name ?? 'resource'}` : `Identifier of the ${name}`,
      schema: { type: 'string' },
      example: pathExample(name, route.type?.name),
    }))
    const query = route.query === undefined ? {} : this.#schemas.add(route.query, 'input')
    const inQuery = Object.entries(query.properties ?? {}).map(([name, given]) => {
      const { description, ...schema } = given
      const value = example?.query?.[name]
      return {
        name,
        in: 'query' as const,
        ...(query.required?.includes(name) === true ? { required: true } : {}),
        ...(description === undefined ? {} : { description }),
        schema: asWritten(schema),
        ...(value === undefined ? {} : { example: toWritten(schema, value) }),
      }
    })
    const shared = [...(route.headers ?? []), REQUEST_ID_PARAMETER, ACCOUNT_PARAMETER]
    return [...inPath, ...inQuery, ...shared.map((name) => ({ $ref: `#/components/parameters/${name}` }))]
  }

  #body({ body, streams }: ControlRoute, example: RouteExample | undefined): Operation['requestBody'] {
    if (streams !== undefined)
      return { required: true, content: { [streams]: { schema: { type: 'string', format: 'binary' } } } }
    if (body === noBody || body === emptyBody) return undefined
    const schema = this.#schemas.add(body, 'input')
    const required = !body.safeParse({}).success
    return {
      required,
      content: { 'application/json': { schema, ...(example?.body === undefined ? {} : { example: example.body }) } },
    }
  }

  #answer({ description, schema, contentType, headers = [] }: RouteAnswer, example: unknown): Answer {
    return {
      description,
      headers: headerReferences([...headers, 'X-Request-Id']),
      ...(schema === undefined && contentType === undefined
        ? {}
        : {
            content: {
              [contentType ?? 'application/json']: {
                schema: schema === undefined ? { type: 'string' } : this.#schemas.add(schema, 'output'),
                ...(example === undefined ? {} : { example }),
              },
            },
          }),
    }
  }

  #refusal(status: number, codes: readonly ErrorCode[]): Reference {
    const name = refusalName(codes)
    this.#refusals[name] ??= {
      description: codes.map((code) => `\`${code}\`: ${titleOf(code)}.`).join(' '),
      headers: headerReferences([
        'X-Request-Id',
        ...(RETRY_AFTER_STATUSES.has(status) ? (['Retry-After'] as const) : []),
        ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
      ]),
      content: {
        'application/problem+json': {
          schema: {
            allOf: [
              this.#schemas.add(problemAnswer, 'output'),
              { type: 'object', properties: { code: { enum: codes } } },
            ],
          },
          examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }])),
        },
      },
    }
    return { $ref: `#/components/responses/${name}` }
  }
}

function headerReferences(names: readonly (keyof typeof HEADERS)[]): Readonly<Record<string, Reference>> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

function toTemplate(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}')
}

function toWritten(schema: JsonSchema, text: string): string | number | boolean {
  const { type } = asWritten(schema)
  if (type === 'integer') return Number(text)
  return type === 'boolean' ? text === 'true' : text
}

/** What is text in a URL is a number or a flag to whoever writes the client. */
function asWritten(schema: JsonSchema): JsonSchema {
  const { pattern, enum: values, default: value, ...rest } = schema
  if (typeof pattern === 'string' && pattern.startsWith('^\\d'))
    return { ...rest, type: 'integer', minimum: 1, ...(value === undefined ? {} : { default: Number(value) }) }
  if (values?.join() === 'true,false')
    return { ...rest, type: 'boolean', ...(value === undefined ? {} : { default: value === 'true' }) }
  return schema
}
