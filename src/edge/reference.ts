// The document as a page for people: every route with what it takes, what it answers, who may call it, and a request to copy.

import { ERROR_CODES, isRetryable, statusOf, titleOf } from '../wire/errors.ts'
import type { Answer, OpenApi, Operation, Parameter, Reference } from './openapi-parts.ts'
import type { JsonSchema } from './openapi-schemas.ts'
import { PAGE_STYLE, escapeHtml, toPage } from './page.ts'
import { memberTable, noteOf, proseHtml, referenceHtml, table, typeHtml } from './reference-schema.ts'

const STYLE = `${PAGE_STYLE}
h2 { margin-top: 3rem; border-bottom: 1px solid GrayText } h3 { margin: 2.5rem 0 .3rem } h4 { margin: 1.2rem 0 0 }
:target { outline: 2px solid Highlight; outline-offset: .4rem } a { color: LinkText } code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { overflow-x: auto; padding: .8rem; border: 1px solid GrayText; border-radius: .3rem } summary { cursor: pointer; margin-top: .8rem }
th { color: GrayText; font-weight: normal } td { vertical-align: top; overflow-wrap: break-word; min-width: 3rem; border-top: 1px solid color-mix(in srgb, GrayText 30%, transparent) }
nav ul { columns: 18rem; padding-left: 1rem } nav h2 { margin-top: 1.5rem } .wide { overflow-x: auto } td:first-child { white-space: nowrap } td:last-child { min-width: 12rem } .route { font-size: 1.1em; margin: .3rem 0 } .quiet { color: GrayText }
`

/** The page, and its style for whoever writes its policy. */
export function toReference(api: OpenApi): { readonly page: string; readonly style: string } {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const sections = api.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name))
    return `<section><h2 id="tag-${escapeHtml(name)}">${escapeHtml(name)}</h2><p>${escapeHtml(description)}</p>${own
      .map((each) => operationHtml(api, each))
      .join('')}</section>`
  })
  const content = [introduction(api), contents(api, operations), ...sections, schemasHtml(api), errorsHtml()].join('\n')
  return { page: toPage(content, `${api.info.title} API`, STYLE), style: STYLE }
}

interface Entry {
  readonly path: string
  readonly method: string
  readonly operation: Operation
}

function introduction({ info, servers, components }: OpenApi): string {
  const paragraphs = info.description.split('\n\n').map((text) => `<p>${proseHtml(text)}</p>`)
  const schemes = Object.entries(components.securitySchemes).map(([name, scheme]) => [
    `<code>${escapeHtml(name)}</code>`,
    escapeHtml(scheme.type === 'http' ? 'Authorization: Bearer ...' : `cookie ${scheme['name'] ?? ''}`),
    proseHtml(scheme['description'] ?? ''),
  ])
  const signIn =
    schemes.length === 0
      ? '<p>This application signs people in by itself.</p>'
      : table(['Credential', 'As', ''], schemes)
  return `<p>${escapeHtml(info.summary)} Version ${escapeHtml(info.version)} at <code>${escapeHtml(servers[0]?.url ?? '')}</code>.
For programs: <a href="/v1/openapi.json">OpenAPI 3.1</a>.</p>${paragraphs.join('')}<h2 id="credentials">Credentials</h2>${signIn}`
}

function contents({ tags }: OpenApi, operations: readonly Entry[]): string {
  const lists = tags.map(({ name }) => {
    const links = operations
      .filter(({ operation }) => operation.tags.includes(name))
      .map(({ operation: { operationId, summary } }) => `<li><a href="#${operationId}">${escapeHtml(summary)}</a></li>`)
    return `<h3><a href="#tag-${escapeHtml(name)}">${escapeHtml(name)}</a></h3><ul>${links.join('')}</ul>`
  })
  return `<nav aria-label="Contents"><h2>Contents</h2>${lists.join('')}<p><a href="#schemas">Schemas</a> · <a href="#errors">Errors</a></p></nav>`
}

function operationHtml(api: OpenApi, { path, method, operation }: Entry): string {
  const { operationId, summary, parameters, requestBody, responses } = operation
  const body = requestBody?.content['application/json']
  const rows = parameters
    .map((parameter) => ('$ref' in parameter ? parameterOf(api, parameter) : parameter))
    .map(({ name, in: place, required, schema, description }) => [
      `<code>${escapeHtml(name)}</code>${required === true ? ' <b>required</b>' : ''}`,
      place,
      typeHtml(schema),
      proseHtml(noteOf({ ...schema, ...(description === undefined ? {} : { description }) })),
    ])
  const answers = Object.entries(responses)
  return `<article id="${operationId}"><h3>${escapeHtml(summary)}</h3>
<p class="route"><b>${method}</b> <code>${escapeHtml(path)}</code></p>
<p class="quiet">Least role: ${operation['x-least-role']}. Operation <code>${operationId}</code>.</p>
<h4>Parameters</h4>${table(['Name', 'In', 'Type', ''], rows)}
${body === undefined ? '' : `<h4>Body${requestBody?.required === true ? '' : ' (optional)'}</h4>${schemaHtml(api, body.schema)}`}
<h4>Answers</h4>${answers.map(([status, answer]) => ('$ref' in answer ? '' : answerHtml(status, answer))).join('')}
<h4>Refusals</h4>${table(
    ['Status', 'Codes'],
    answers.flatMap(([status, answer]) => ('$ref' in answer ? [[status, codesHtml(answer)]] : [])),
  )}
<h4>Request</h4><pre>${escapeHtml(toCurl(api, path, method, operation))}</pre></article>`
}

/** What has a name is shown in its own place, and once here, where it is sent. */
function schemaHtml(api: OpenApi, schema: JsonSchema): string {
  if (schema.$ref === undefined) return memberTable(schema)
  const name = schema.$ref.split('/').at(-1) ?? ''
  return `<p>${referenceHtml(schema.$ref)}</p>${memberTable(api.components.schemas[name] ?? {})}`
}

function answerHtml(status: string, { description, headers = {}, content = {} }: Answer): string {
  const [type, { schema, example } = { schema: {} }] = Object.entries(content)[0] ?? []
  const what = type === undefined ? '' : ` <code>${escapeHtml(type)}</code> ${typeHtml(schema)}`
  const names = Object.keys(headers).map((name) => `<code>${escapeHtml(name)}</code>`)
  const shown =
    example === undefined
      ? ''
      : `<details><summary>Example</summary><pre>${escapeHtml(JSON.stringify(example, null, 2))}</pre></details>`
  return `<p><b>${status}</b> ${proseHtml(description)}${what} <span class="quiet">with ${names.join(', ')}</span></p>${memberTable(schema)}${shown}`
}

function codesHtml({ $ref }: Reference): string {
  const codes = $ref.split('/').at(-1) ?? ''
  return codes
    .split('.')
    .map((code) => `<a href="#error-${code}"><code>${code}</code></a>`)
    .join(' ')
}

/** A request that works once the identifiers are one's own. */
function toCurl(api: OpenApi, path: string, method: string, operation: Operation): string {
  const parameters = operation.parameters.map((each) => ('$ref' in each ? parameterOf(api, each) : each))
  const valueOf = (name: string): string =>
    String(parameters.find((parameter) => parameter.name === name && parameter.in === 'path')?.example ?? `{${name}}`)
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => valueOf(name))
  const query = operation.parameters.flatMap((each) =>
    '$ref' in each || each.in !== 'query' || each.example === undefined ? [] : [[each.name, String(each.example)]],
  )
  const search = query.length === 0 ? '' : `?${new URLSearchParams(query).toString()}`
  const names = operation.security ?? api.security
  const body = operation.requestBody?.content['application/json']?.example
  const lines = [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${quote(`${api.servers[0]?.url ?? ''}${filled}${search}`)}`,
    ...(names.length === 0 ? [] : ['-H "Authorization: Bearer $BIPLANE_KEY"']),
    ...parameters
      .filter(({ name, in: place, example }) => place === 'header' && name !== 'X-Request-Id' && example !== undefined)
      .map(({ name, example }) => `-H ${quote(`${name}: ${String(example)}`)}`),
    ...(body === undefined ? [] : [`-H 'Content-Type: application/json'`, `-d ${quote(JSON.stringify(body))}`]),
  ]
  return lines.join(' \\\n  ')
}

/** For a POSIX shell. */
function quote(text: string): string {
  return /^[\w/:.-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function parameterOf(api: OpenApi, { $ref }: Reference): Parameter {
  const name = $ref.split('/').at(-1) ?? ''
  return api.components.parameters[name] ?? { name, in: 'query', schema: {} }
}

function schemasHtml({ components }: OpenApi): string {
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<h3 id="schema-${escapeHtml(name)}">${escapeHtml(name)}</h3>${memberTable(schema) || `<p>${typeHtml(schema)}</p>`}`,
  )
  return `<section><h2 id="schemas">Schemas</h2>${schemas.join('')}</section>`
}

function errorsHtml(): string {
  const rows = ERROR_CODES.map((code) => [
    `<code id="error-${code}">${code}</code>`,
    String(statusOf(code)),
    escapeHtml(titleOf(code)),
    isRetryable(code) ? 'yes' : 'no',
  ])
  return `<section><h2 id="errors">Errors</h2>${table(['Code', 'Status', 'Meaning', 'Retryable'], rows)}</section>`
}
