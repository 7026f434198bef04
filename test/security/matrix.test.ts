// Every route of the control plane x every kind of caller. What must come out is computed from the least role of the route's action and
// the rules below; the routes come from the table that the server itself is made from, and one that is not in EXPECTED fails.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test, vi } from 'vitest'
import { controlRoutes } from '../../src/edge/routes.ts'
import { leastRole } from '../../src/edge/roles.ts'
import type { ControlRoute } from '../../src/edge/route.ts'
import { mintApiKey } from '../../src/identity/api-key.ts'
import { createKeyring } from '../../src/identity/keyring.ts'
import { defineResourceType, type ResourceType } from '../../src/resource-type.ts'
import { makeAccount, makeKey, type TestAccount } from '../support/accounts.ts'
import { WIKIS_APP } from '../support/apps.ts'
import { archivedRow } from '../support/archives.ts'
import { create, json, mintToken } from '../support/http.ts'
import { CELLS_FILE } from '../moving/movers.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** The routes follow from the names: the objects are not needed here. */
const wiki: ResourceType = defineResourceType({ name: 'wiki', object: Object })
const accountType: ResourceType = { ...wiki, name: 'account', plural: 'accounts' }
const ROUTES: readonly ControlRoute[] = controlRoutes({ types: [wiki], accountType })

/** What a request to a route looks like, and what it answers to whoever may make it. */
interface Expected {
  readonly status: number
  readonly body?: object | (() => object)
  /** It takes something away: each caller who may gets a resource, account or key of his own. */
  readonly fresh?: true
  /** Objects that it makes, at once or soon. Default: none. */
  readonly makes?: number
}

const EXPECTED: Readonly<Record<string, Expected>> = {
  'GET /v1/session': { status: 200 },
  'GET /v1/capabilities': { status: 200 },
  'GET /v1/operations': { status: 200 },
  'GET /v1/operations/:operation': { status: 404 },
  'POST /v1/operations/:operation/cancel': { status: 404, body: {} },
  'GET /v1/usage': { status: 200 },
  'GET /v1/audit': { status: 200 },
  'GET /v1/events': { status: 200 },
  'GET /v1/types': { status: 200 },
  'PUT /v1/types/:type/policy': { status: 202, body: { kind: 'single' } },
  'POST /v1/cells/:cell/reconcile': { status: 202, body: {} },
  'POST /v1/accounts': { status: 201, body: {}, makes: 1 },
  'GET /v1/accounts': { status: 200 },
  'GET /v1/accounts/:id': { status: 200 },
  'PATCH /v1/accounts/:id': { status: 200, body: { labels: { seen: 'yes' } } },
  'DELETE /v1/accounts/:id': { status: 200, fresh: true },
  'POST /v1/accounts/:id/restore': { status: 200, body: {} },
  'GET /v1/accounts/:id/inspect': { status: 200 },
  'GET /v1/accounts/export': { status: 200 },
  'POST /v1/accounts/import': { status: 200, body: () => importOf(own.id) },
  'GET /v1/accounts/:id/archive': { status: 200 },
  // An account that came from no archive is not filled from one.
  'PUT /v1/accounts/:id/archive': { status: 409, body: {} },
  'POST /v1/accounts/:id/keys': { status: 201, body: {} },
  'GET /v1/accounts/:id/keys': { status: 200 },
  'DELETE /v1/accounts/:id/keys/:key': { status: 200, fresh: true },
  'POST /v1/wikis': { status: 201, body: {}, makes: 1 },
  'GET /v1/wikis': { status: 200 },
  'GET /v1/wikis/count': { status: 200 },
  'POST /v1/wikis/bulk': { status: 202, body: { resources: [{}] }, makes: 1 },
  'POST /v1/wikis/purge': { status: 202 },
  'GET /v1/wikis/:id': { status: 200 },
  'PATCH /v1/wikis/:id': { status: 200, body: { labels: { seen: 'yes' } } },
  'DELETE /v1/wikis/:id': { status: 200, fresh: true },
  'POST /v1/wikis/:id/restore': { status: 200, body: {} },
  'POST /v1/wikis/:id/transfer': { status: 200, body: () => ({ account: other.id }), fresh: true },
  'POST /v1/wikis/:id/move': { status: 202, body: { cell: 'other' }, fresh: true, makes: 1 },
  'POST /v1/wikis/:id/tokens': { status: 201, body: {} },
  'POST /v1/wikis/:id/links': { status: 201, body: {} },
  'DELETE /v1/wikis/:id/tokens': { status: 200 },
  'DELETE /v1/wikis/:id/tokens/:token': { status: 200 },
  'GET /v1/wikis/:id/inspect': { status: 200 },
  'GET /v1/wikis/export': { status: 200 },
  'POST /v1/wikis/import': { status: 200, body: () => importOf(wikiId) },
  'GET /v1/wikis/:id/archive': { status: 200 },
  'PUT /v1/wikis/:id/archive': { status: 409, body: {} },
}

/** A row of what is here already: it is in the way, and nothing comes of it. */
function importOf(id: string): object {
  return { archive: DIGEST, rows: [archivedRow(id, own.id)] }
}

const DIGEST = '0'.repeat(64)
/** Of the body `{}`. */
const LOADED = `archive=${DIGEST}&sha256=${DIGEST}&bytes=2`

type Refusal = readonly [status: number, code: string]
const UNAUTHENTICATED: Refusal = [401, 'unauthenticated']
const DENIED: Refusal = [403, 'permission_denied']

/** How a caller presents himself, and why he is refused; undefined: he may. */
interface Kind {
  readonly headers: () => Readonly<Record<string, string>>
  readonly query?: () => string
  readonly refusal: (route: ControlRoute) => Refusal | undefined
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })
const always = (refusal: Refusal) => (): Refusal => refusal
/** Each may do what the ones before it may. */
const ROLES = ['read', 'member', 'admin', 'operator'] as const
const byRole =
  (role: (typeof ROLES)[number]) =>
  (route: ControlRoute): Refusal | undefined =>
    ROLES.indexOf(role) >= ROLES.indexOf(leastRole(route.action)) ? undefined : DENIED
const onBehalf = (): string => `account=${own.id}`

const KINDS: Readonly<Record<string, Kind>> = {
  nobody: { headers: () => ({}), refusal: always(UNAUTHENTICATED) },
  garbage: { headers: () => bearer('garbage'), refusal: always(UNAUTHENTICATED) },
  'garbage of a key': { headers: () => bearer(`bp_${own.id}_garbage`), refusal: always(UNAUTHENTICATED) },
  'a key with a right mac that is not known': { headers: () => bearer(keys.unknown), refusal: always(UNAUTHENTICATED) },
  'a revoked key': { headers: () => bearer(keys.revoked), refusal: always(UNAUTHENTICATED) },
  'an expired key': { headers: () => bearer(keys.expired), refusal: always(UNAUTHENTICATED) },
  "a resource's token": { headers: () => bearer(keys.token), refusal: always(UNAUTHENTICATED) },
  'a suspended account': { headers: () => bearer(suspended.key.key), refusal: always([403, 'suspended']) },
  "another account's admin": {
    headers: () => bearer(other.key.key),
    // Whatever has an identifier is somebody else's.
    refusal: (route) => byRole('admin')(route) ?? (route.path.includes(':id') ? [404, 'not_found'] : undefined),
  },
  'an admin who asks for another account': {
    headers: () => bearer(own.key.key),
    query: () => `account=${other.id}`,
    refusal: always(DENIED),
  },
  'a reader': { headers: () => bearer(keys.read), refusal: byRole('read') },
  'a member': { headers: () => bearer(keys.member), refusal: byRole('member') },
  'an admin': { headers: () => bearer(own.key.key), refusal: byRole('admin') },
  'the operator': { headers: () => bearer(server.operatorKey), query: onBehalf, refusal: byRole('operator') },
  "the operator's session": {
    headers: () => ({ cookie: keys.session, origin: server.url }),
    query: onBehalf,
    refusal: byRole('operator'),
  },
  "the operator's session, on another site's page": {
    headers: () => ({ cookie: keys.session, origin: 'http://elsewhere.example' }),
    query: onBehalf,
    refusal: ({ method }) => (method === 'GET' ? undefined : DENIED),
  },
}

let server: TestServer
let own: TestAccount
let other: TestAccount
let suspended: TestAccount
/** Of the account `own`. */
let wikiId: string
const keys = { unknown: '', revoked: '', expired: '', token: '', read: '', member: '', session: '' }

beforeAll(async () => {
  server = await startServer({
    app: WIKIS_APP,
    timers: { deleteRetentionMs: 3_600_000 },
    args: ['--cell', 'local', '--cells-file', CELLS_FILE],
  })
  const settings = { requests_per_second: 100_000 }
  own = await makeAccount(server, { settings })
  other = await makeAccount(server, { settings })
  suspended = await makeAccount(server)
  await server.fetch(`/v1/accounts/${suspended.id}`, json('PATCH', { mode: 'suspended' }))
  const [read, member, revoked, expired] = await Promise.all(
    [{ role: 'read' }, { role: 'member' }, { role: 'admin' }, { role: 'admin', expires_in: 1 }].map((body) =>
      makeKey(server, own.id, body),
    ),
  )
  await server.fetch(`/v1/accounts/${own.id}/keys/${revoked?.id}`, { method: 'DELETE' })
  const byOperator = await create(server, 'wikis')
  Object.assign(keys, {
    unknown: (await mintApiKey(createKeyring(server.secrets.identifierKeys), own.id)).text,
    revoked: revoked?.key,
    expired: expired?.key,
    read: read?.key,
    member: member?.key,
    token: (await mintToken(server, 'wikis', byOperator.id, { permission: 'admin' })).token,
    session: await signIn(),
  })
  wikiId = await makeWiki()
  for (const { ask } of [own, other]) await ask('/v1/session')
  await vi.waitFor(
    async () => {
      const response = await fetch(`${server.url}/v1/session`, { headers: bearer(keys.expired) })
      if (response.status !== 401) throw new Error('the key has not expired')
    },
    { timeout: 5_000 },
  )
})

test('[AU16] [HT7] every route has its line here, and every line its route', () => {
  expect(Object.keys(EXPECTED).toSorted()).toEqual(ROUTES.map(nameOf).toSorted())
})

test.each(ROUTES.map((route) => [nameOf(route), route] as const))('[AU16] [AC4] %s', async (name, route) => {
  const expected = EXPECTED[name] ?? { status: 0 }
  const outcomes: Record<string, unknown> = {}
  const wanted: Record<string, unknown> = {}
  for (const [kind, { headers, query, refusal }] of Object.entries(KINDS)) {
    const refused = refusal(route)
    const path = await pathTo(route, expected.fresh === true && refused === undefined)
    const before = objects()
    const parameters = [...(query === undefined ? [] : [query()]), ...(route.streams === undefined ? [] : [LOADED])]
    const response = await fetch(`${server.url}${path}?${parameters.join('&')}`, {
      method: route.method,
      headers: { 'content-type': 'application/json', ...headers() },
      ...(expected.body === undefined ? {} : { body: JSON.stringify(bodyOf(expected)) }),
    })
    const isJson = response.headers.get('content-type')?.includes('json') === true
    const answer = (isJson ? await response.json() : await response.arrayBuffer()) as { code?: string }
    if (refused !== undefined) {
      wanted[kind] = refused
      outcomes[kind] = [response.status, answer.code]
    } else {
      wanted[kind] = expected.status
      outcomes[kind] = response.status
    }
    const made = refused === undefined ? (expected.makes ?? 0) : 0
    // Counted by namespace, so that one that is made where another one should be shows.
    if (made === 0) expect([kind, objects()]).toEqual([kind, before])
    else await expect.poll(() => sum(objects()) - sum(before), { message: kind }).toBe(made)
  }
  expect(outcomes).toEqual(wanted)
})

test('[AU16] [AU1] what is no route is 404 to a caller, and 401 to everybody else', async () => {
  for (const [kind, { headers, refusal }] of Object.entries(KINDS)) {
    const response = await fetch(`${server.url}/v1/nothing`, { headers: headers() })
    const isUnknown = refusal(ROUTES[0] as ControlRoute) === UNAUTHENTICATED
    const status = isUnknown ? 401 : kind === 'a suspended account' ? 403 : 404
    expect([kind, response.status]).toEqual([kind, status])
  }
})

function nameOf({ method, path }: ControlRoute): string {
  return `${method} ${path}`
}

function bodyOf({ body }: Expected): object | undefined {
  return typeof body === 'function' ? body() : body
}

/** @param isFresh with a resource, account or key of its own, which may be gone afterwards */
async function pathTo({ path }: ControlRoute, isFresh: boolean): Promise<string> {
  const isAboutAccounts = path.startsWith('/v1/accounts')
  const isAboutKeys = path.includes(':key')
  let id = isAboutAccounts ? own.id : wikiId
  if (isFresh && !isAboutKeys) id = isAboutAccounts ? (await create(server, 'accounts')).id : await makeWiki()
  const key = isFresh && isAboutKeys ? (await makeKey(server, own.id)).id : '0000000000'
  return path
    .replace(':id', id)
    .replace(':key', key)
    .replace(':token', crypto.randomUUID())
    .replace(':type', 'wiki')
    .replace(':cell', 'local')
    .replace(':operation', 'op-wiki-0000000000000000')
}

async function makeWiki(): Promise<string> {
  const response = await own.ask('/v1/wikis', json('POST', {}))
  return ((await response.json()) as { id: string }).id
}

async function signIn(): Promise<string> {
  const init = json('POST', { key: server.operatorKey }, { origin: server.url })
  const response = await fetch(`${server.url}/sign-in`, init)
  return response.headers.get('set-cookie')?.split(';')[0] ?? ''
}

/** Objects of each namespace of both planes: an object that was only addressed has a file already. */
function objects(): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const plane of ['control', 'data']) {
    for (const namespace of readdirSync(join(server.dataDir, plane))) {
      const names = readdirSync(join(server.dataDir, plane, namespace))
      counts[`${plane}/${namespace}`] = names.filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)).length
    }
  }
  return counts
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}
