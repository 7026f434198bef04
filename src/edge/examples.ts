// One request and its answers for every route, for documentation. A test sends each to a running server and holds what comes back to
// the same schemas.

import type { ResourceType } from '../resource-type.ts'
import { ACCOUNT_TYPE } from '../wire/account.ts'
import { toCapabilitiesJson } from '../wire/capabilities.ts'
import { EXAMPLE, firstExampleOf, resourceExample } from './example-values.ts'
import type { ControlRoute, RouteExample } from './route.ts'

/** Undefined for a route without one, which a test does not let pass. */
export function exampleOf(route: ControlRoute): RouteExample | undefined {
  const { type, method, path } = route
  const example = route.example ?? (type === undefined ? DEPLOYMENT[`${method} ${path}`] : ofType(type, method, path))
  const { headers } = example ?? {}
  if (headers === undefined) return example
  // Routes that share an example do not all understand the same.
  const known = Object.entries(headers).filter(([name]) => route.headers?.some((header) => header === name))
  return { ...example, answers: example?.answers ?? {}, headers: Object.fromEntries(known) }
}

function ofType(type: ResourceType, method: string, path: string): RouteExample | undefined {
  return resourceExamples(type)[`${method} ${path.slice(`/v1/${type.plural}`.length)}`]
}

function operation(type: string, kind: string, subject: object, state = 'running', done = 0): unknown {
  return {
    id: EXAMPLE.operation,
    kind,
    type,
    account: EXAMPLE.account,
    state,
    progress: { total: 2, done, failed: 0 },
    cancellable: state === 'running',
    subject,
    create_time: EXAMPLE.time,
    update_time: EXAMPLE.time,
  }
}

function page(...data: unknown[]): RouteExample {
  return { query: { limit: '50' }, answers: { 200: { data } } }
}

const single = { kind: 'single' }

const DEPLOYMENT: Readonly<Record<string, RouteExample>> = {
  'GET /v1/session': {
    answers: {
      200: {
        account: EXAMPLE.account,
        role: 'member',
        types: [{ name: 'wiki', plural: 'wikis', visibility: ['private', 'public-read'] }],
        cells: ['local'],
        delete_retention_seconds: 604_800,
        content: 'own',
      },
    },
  },
  'GET /v1/capabilities': {
    answers: {
      200: toCapabilitiesJson(
        { engine: 'workerd', cells: { local: {} }, cell: 'local' },
        [{ name: 'wiki', plural: 'wikis', requires: [] }],
        { withAddresses: false },
      ),
    },
  },
  'GET /v1/types': {
    answers: {
      200: {
        data: [{ name: 'wiki', plural: 'wikis', policy: single, proposed_policy: single, epoch: 1, moving: false }],
      },
    },
  },
  'PUT /v1/types/:type/policy': {
    body: { kind: 'hashed', shards: 4 },
    answers: { 202: operation('wiki', 'reshard', { policy: { kind: 'hashed', shards: 4 } }) },
  },
  'POST /v1/cells/:cell/reconcile': {
    body: {},
    answers: {
      202: { data: [operation('wiki', 'reconcile', { cell: EXAMPLE.cell, told: 0, missing: [], untold: [] })] },
    },
  },
  'GET /v1/operations': page(operation('wiki', 'bulk_create', {}, 'succeeded', 2)),
  'GET /v1/operations/:operation': { answers: { 200: operation('wiki', 'bulk_create', {}, 'running', 1) } },
  'POST /v1/operations/:operation/cancel': {
    answers: { 200: operation('wiki', 'bulk_create', {}, 'cancelled', 1) },
  },
  'GET /v1/usage': {
    query: { from: '2026-05-01T00:00:00Z' },
    answers: {
      200: {
        account: EXAMPLE.account,
        report_interval_seconds: 60,
        now: { wiki: { resources: 12, deleted: 1, bytes: 48_234_496, hold: 'active' } },
        data: [
          { type: 'wiki', resource: EXAMPLE.id('wiki'), day: '2026-05-04', bytes: 3_928_064, requests: 120, writes: 7 },
        ],
      },
    },
  },
  'GET /v1/audit': page({
    time: EXAMPLE.time,
    account: EXAMPLE.account,
    actor: `key:${EXAMPLE.key}`,
    action: 'update',
    type: 'wiki',
    resource: EXAMPLE.id('wiki'),
    outcome: 'ok',
    request_id: EXAMPLE.requestId,
  }),
  'GET /v1/events': {
    query: { limit: '50' },
    answers: {
      200: {
        data: [
          {
            id: 'wiki-1042',
            time: EXAMPLE.time,
            account: EXAMPLE.account,
            kind: 'created',
            type: 'wiki',
            resource: EXAMPLE.id('wiki'),
            data: {},
          },
        ],
        next_cursor: EXAMPLE.cursor,
      },
    },
  },
}

const key = { id: EXAMPLE.key, name: 'deployment script', role: 'member', create_time: EXAMPLE.time }

/** Applied, or on its way. */
function under(answer: object): RouteExample['answers'] {
  return { 200: answer, 202: { ...answer, desired_version: 3, applied_version: 2 } }
}

/** Method and what follows `/v1/{plural}` -> example. */
function resourceExamples(type: ResourceType): Readonly<Record<string, RouteExample>> {
  const resource = resourceExample(type)
  const params = firstExampleOf(type.params)
  const settings = firstExampleOf(type.settings)
  const own = {
    ...(params === undefined ? {} : { params }),
    ...(settings === undefined ? {} : { settings }),
    // A type that restricts metadata knows what fits.
    ...(type.metadata === undefined ? { metadata: { project: 'p-118' } } : {}),
  }
  const deleted = {
    ...resource,
    state: 'deleted',
    delete_time: EXAMPLE.laterTime,
    purge_time: EXAMPLE.purgeTime,
    desired_version: 2,
    applied_version: 2,
  }
  const renamed = { ...resource, name: `${resource.name}, 2026`, etag: '"3"' }
  const restored = { ...resource, name: `${resource.name}, restored` }
  return {
    'POST ': {
      headers: { 'Idempotency-Key': '8f0c9d4e-create-field-notes' },
      body: { name: resource.name, labels: resource.labels, ...own },
      answers: { 201: resource, 202: { ...resource, state: 'creating', desired_version: 1, applied_version: 0 } },
    },
    'GET ': {
      query: { limit: '50', order: 'descending', label: 'team:alpha' },
      answers: { 200: { data: [resource], next_cursor: EXAMPLE.cursor } },
    },
    'GET /count': { query: { label: 'team:alpha' }, answers: { 200: { count: 12 } } },
    'POST /bulk': {
      headers: { 'Idempotency-Key': '3b1a7c02-create-the-class' },
      body: {
        resources: [
          { name: 'Ada', labels: { class: '7b' } },
          { name: 'Grace', labels: { class: '7b' } },
        ],
      },
      answers: { 202: operation(type.name, 'bulk_create', {}) },
    },
    'POST /purge': { answers: { 202: operation(type.name, 'purge_deleted', {}) } },
    'GET /:id': { answers: { 200: resource } },
    'PATCH /:id': {
      headers: { 'If-Match': '"2"' },
      body: { name: renamed.name, labels: resource.labels },
      answers: under(renamed),
    },
    'DELETE /:id': { query: { purge: 'false' }, answers: under(deleted) },
    'POST /:id/restore': { body: { name: restored.name }, answers: under(restored) },
    'POST /:id/transfer': {
      body: { account: EXAMPLE.id(ACCOUNT_TYPE) },
      answers: under({ ...resource, account: EXAMPLE.id(ACCOUNT_TYPE) }),
    },
    'POST /:id/move': {
      body: { cell: 'weur' },
      answers: {
        202: {
          ...(operation(type.name, 'move', { resource: EXAMPLE.id(type.name), from: 'local', to: 'weur' }) as object),
          progress: { total: 3, done: 0, failed: 0 },
        },
      },
    },
    'POST /:id/tokens': {
      body: { permission: 'write', expires_in: 3_600 },
      answers: {
        201: {
          token: 'eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ...',
          token_id: EXAMPLE.token,
          expire_time: EXAMPLE.laterTime,
          url: `https://${EXAMPLE.id(type.name)}.pages.example/?sign_in_code=eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ...`,
        },
      },
    },
    'POST /:id/links': {
      body: { permission: 'read', expires_in: 604_800 },
      answers: {
        201: {
          url: `https://${EXAMPLE.id(type.name)}.pages.example/?sign_in_code=eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ...`,
          token_id: EXAMPLE.token,
          expire_time: EXAMPLE.laterTime,
        },
      },
    },
    // Of accounts.
    'POST /:id/keys': {
      body: { name: 'deployment script', role: 'member' },
      answers: { 201: { ...key, key: `bp_${EXAMPLE.account}_${EXAMPLE.key}...` } },
    },
    'GET /:id/keys': { answers: { 200: { data: [{ ...key, last_used_time: EXAMPLE.laterTime }] } } },
    'DELETE /:id/keys/:key': { answers: { 200: key } },
    'DELETE /:id/tokens': { answers: under(resource) },
    'DELETE /:id/tokens/:token': { answers: under(resource) },
    'GET /:id/inspect': {
      answers: {
        200: {
          resource,
          row: { id: EXAMPLE.id(type.name), phase: 'live', desired_version: 2, applied_version: 2 },
          work: [],
          object: { kind: 'descriptor', descriptor: { id: EXAMPLE.id(type.name), version: 2, mode: 'active' } },
        },
      },
    },
  }
}
