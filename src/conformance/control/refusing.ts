// Who is refused, in which order, and in which form.

import { ERROR_CODES, isRetryable, statusOf, type ErrorCode } from '../../wire/errors.ts'
import { requireEqual, type Answer } from '../answer.ts'
import type { Check } from '../check.ts'
import type { Ask, CheckContext } from '../context.ts'
import { neverIssued } from '../foreign.ts'

export const refusing: readonly Check[] = [
  {
    id: 'AU1',
    title: 'without credentials everything is 401, whether it exists or not',
    async run(context) {
      const { id } = await context.create()
      const credentials = [
        ['no key', {}],
        ['a key that is none', { authorization: 'Bearer garbage' }],
      ] as const
      for (const [note, headers] of credentials) {
        for (const [method, path] of routesOf(context, [id, ...neverIssued(id).slice(0, 1), 'garbage'])) {
          const refused = await context.ask(method, path, { as: 'nobody', headers, note })
          refused.requireRefusal(401, 'unauthenticated').requireHeader('www-authenticate', /^Bearer/)
        }
      }
      const got = (await context.ask('GET', context.api(id))).requireStatus(200)
      got.require(got.json['state'] === 'active', 'untouched')
    },
  },
  {
    id: 'ID4',
    title: 'identifiers of another deployment, of another type and garbage are 404 alike, and nothing comes of them',
    async run(context) {
      const { id } = await context.create()
      const token = await context.token(id, 'admin')
      for (const foreign of neverIssued(id)) {
        const [first, ...others] = await askAll(context, routesOf(context, [foreign]).slice(2), {})
        first?.requireRefusal(404, 'not_found')
        for (const answer of others) {
          answer.requireRefusal(404, 'not_found')
          requireEqual(answer.asked, answer.json['detail'], first?.json['detail'])
        }
        // The tag is looked at before the token is.
        for (const as of ['nobody', { token }] as const) {
          const content = await context.ask('GET', `/${context.options.plural}/${foreign}/`, { as, note: 'content' })
          content.requireStatus(404)
        }
      }
      const found = (await context.ask('GET', `${context.api()}?q=${context.prefix}`)).requireStatus(200)
      const { data } = found.json as { readonly data?: readonly unknown[] }
      found.require(data?.length === 1, 'the one resource that was made')
    },
  },
  {
    id: 'HT1',
    title: 'every refusal is a problem document of the closed table',
    async run(context) {
      const { id, etag, name } = await context.create()
      await context.update(id, { labels: { changed: 'yes' } })
      const one = context.api(id)
      const gone = await context.create()
      await context.remove(gone.id)
      const json = { ...context.options.creation, name }
      for (const refused of [
        await context.ask('GET', context.api(), { as: 'nobody' }),
        await context.ask('GET', context.api(id, '/no-such-thing')),
        await context.ask('PUT', context.api(), { json: {} }),
        await context.ask('GET', '/v1/no-such-type'),
        await context.ask('GET', context.api('garbage')),
        await context.ask('POST', context.api(), { body: '{"name":' }),
        await context.ask('POST', context.api(), { json, note: 'a name that is taken' }),
        await context.ask('PATCH', one, { json: { labels: {} }, headers: { 'if-match': etag }, note: 'outdated' }),
        await context.ask('POST', context.api(gone.id, '/tokens'), { json: {}, note: 'deleted' }),
        await context.ask('POST', context.api(), { body: ' '.repeat(300_000), note: 'too large' }),
      ])
        requireProblem(refused)
    },
  },
  {
    id: 'HT1',
    title: 'the request id of the caller is kept, if it is one',
    async run(context) {
      const { prefix } = context
      const kept = await context.ask('GET', context.api(), {
        headers: { 'x-request-id': prefix },
        note: 'X-Request-Id',
      })
      kept.requireHeader('x-request-id', prefix)
      const replaced = await context.ask('GET', context.api(), {
        headers: { 'x-request-id': '<script>' },
        note: '<script>',
      })
      replaced.requireHeader('x-request-id', /^[\w-]{8,64}$/)
    },
  },
  {
    id: 'HT2',
    title: 'HEAD answers as GET does, without a body',
    async run(context) {
      const { id } = await context.create()
      for (const path of [context.api(), context.api(id)]) {
        const head = (await context.ask('HEAD', path)).requireStatus(200)
        head.require(head.text === '', 'no body').requireHeader('content-type', /^application\/json/)
      }
      const missing = await context.ask('HEAD', context.api('garbage'))
      missing.requireStatus(404).require(missing.text === '', 'no body')
    },
  },
  {
    id: 'HT4',
    title: 'health is answered to everybody',
    async run(context) {
      for (const path of ['/healthz', '/readyz']) {
        for (const method of ['GET', 'HEAD']) (await context.ask(method, path, { as: 'nobody' })).requireStatus(200)
      }
    },
  },
  {
    id: 'HT6',
    title: 'the control plane is open to no other origin',
    async run(context) {
      const headers = { origin: 'https://other.example', 'access-control-request-method': 'POST' }
      const preflight = await context.ask('OPTIONS', context.api(), { as: 'nobody', headers, note: 'preflight' })
      preflight.requireHeader('access-control-allow-origin', null)
      const real = await context.ask('GET', context.api(), {
        headers: { origin: headers.origin },
        note: 'cross-origin',
      })
      real.requireHeader('access-control-allow-origin', null)
    },
  },
]

/** Of the type: what needs no identifier, then what does. */
function routesOf(context: CheckContext, ids: readonly string[]): [method: string, path: string][] {
  const one = ids.flatMap((id): [string, string][] => [
    ['GET', context.api(id)],
    ['PATCH', context.api(id)],
    ['DELETE', context.api(id)],
    ['POST', context.api(id, '/restore')],
    ['POST', context.api(id, '/tokens')],
    ['DELETE', context.api(id, '/tokens')],
  ])
  return [['GET', context.api()], ['POST', context.api()], ...one]
}

async function askAll(context: CheckContext, routes: readonly [string, string][], ask: Ask): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const [method, path] of routes) {
    const body = method === 'PATCH' ? { json: { name: `${context.prefix} Mine` } } : {}
    answers.push(await context.ask(method, path, { ...ask, ...body }))
  }
  return answers
}

/** @throws Violation unless it is one, member by member (RFC 9457) */
function requireProblem(answer: Answer): void {
  answer.require(answer.status >= 400, 'a refusal')
  answer.requireHeader('content-type', /^application\/problem\+json\b/).requireHeader('cache-control', 'no-store')
  const { json } = answer
  const code = ERROR_CODES.find((known) => known === json['code'])
  answer.require(code !== undefined, 'a `code` of the closed table')
  const { type, title, status, detail, retryable } = json
  const { status: expected, retryable: isAgain } = membersOf(code as ErrorCode)
  answer.require(status === expected && answer.status === expected, `status ${expected}, as "${code}" has it`)
  answer.require(type === `urn:biplane:error:${code}`, `the type urn:biplane:error:${code}`)
  answer.require(
    typeof title === 'string' && title !== '' && typeof detail === 'string' && detail !== '',
    'title, detail',
  )
  answer.require(retryable === isAgain, `retryable: ${isAgain}`)
  answer.requireHeader('x-request-id', String(json['request_id']))
}

function membersOf(code: ErrorCode): { readonly status: number; readonly retryable: boolean } {
  return { status: statusOf(code), retryable: isRetryable(code) }
}
