// The audit log and the feed of events.

import { beforeAll, expect, test } from 'vitest'
import type { AuditJson, EventJson } from '../../src/wire/journal.ts'
import { TENANTS_APP } from '../support/apps.ts'
import { json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SOON, Tenant, type Page } from '../support/tenant.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: TENANTS_APP })
})

test('[JN1] every change of an account is in its audit log: who, what, of what, with which outcome', async () => {
  const tenant = new Tenant(server, 'audited')
  const first = await tenant.expect<{ id: string }>(
    201,
    tenant.ask('files', json('POST', { name: 'A' }, { 'x-request-id': 'the-first' })),
  )
  const member = new Tenant(server, 'audited', { role: 'member' })
  await member.refused(member.post('files', { name: 'a' }), 409)
  await member.expect(200, member.patch(`files/${first.id}`, { name: 'B' }))
  await member.expect(200, member.delete(`files/${first.id}/tokens`))
  await member.create('spreads')
  await tenant.expect([200, 202], tenant.delete(`files/${first.id}`))
  await tenant.refused(tenant.patch(`files/${first.id}`, { name: 'C' }), 410)
  const log = await tenant.list<AuditJson>('audit?limit=3')
  expect(
    log
      .filter(({ type }) => type === 'file')
      .map((entry) => [entry.actor, entry.action, entry.resource, entry.outcome]),
  ).toEqual([
    ["audited's admin", 'create', first.id, 'ok'],
    ["audited's member", 'create', null, 'already_exists'],
    ["audited's member", 'update', first.id, 'ok'],
    ["audited's member", 'revoke_tokens', first.id, 'ok'],
    ["audited's admin", 'delete', first.id, 'ok'],
    ["audited's admin", 'update', first.id, 'deleted'],
  ])
  expect(log.filter(({ type }) => type === 'spread')).toHaveLength(1)
  expect(log[0]).toMatchObject({ request_id: 'the-first', account: 'audited' })
  await member.refused(member.ask('audit'), 403)
  expect(await new Tenant(server, 'somebody else').list('audit')).toEqual([])
})

test('[JN2] events are a feed: the cursor goes on where it was, nothing comes twice and nothing is missing', async () => {
  const tenant = new Tenant(server, 'followed')
  let cursor: string | undefined
  const seen: EventJson[] = []
  const follow = async (): Promise<number> => {
    for (;;) {
      const more: string = cursor === undefined ? '' : `&cursor=${cursor}`
      const page: Page<EventJson> = await tenant.expect(200, tenant.ask(`events?limit=2${more}`))
      expect(page.next_cursor).toBeTruthy()
      cursor = page.next_cursor
      seen.push(...page.data)
      if (page.data.length === 0) return seen.length
    }
  }
  expect(await follow()).toBe(0)
  const { id } = await tenant.create('files')
  const { id: other } = await tenant.create('owns')
  await follow()
  await tenant.expect(200, tenant.patch(`files/${id}`, { name: 'new', labels: { a: 'b' } }))
  await tenant.expect([200, 202], tenant.delete(`files/${id}`))
  await expect.poll(follow, SOON).toBe(5)
  const of = (resource: string): unknown[] =>
    seen.filter((event) => event.resource === resource).map(({ kind, data }) => [kind, data])
  expect(of(id)).toEqual([
    ['created', {}],
    ['updated', { changed: ['labels', 'name'] }],
    ['deleted', { can_be_restored: false }],
    ['purged', {}],
  ])
  expect(of(other)).toEqual([['created', {}]])
  expect(new Set(seen.map((event) => event.id)).size).toBe(5)
  await tenant.refused(tenant.ask('events?cursor=!'), 400)
})

test('[AU7] nobody has the account that stands for all of them, whatever a sign-in answers', async () => {
  const nobody = new Tenant(server, '-', { role: 'read' })
  for (const path of ['operations', 'events', 'files', 'files?account=-'])
    expect(await nobody.refused(nobody.ask(path), 403)).toMatchObject({ code: 'permission_denied' })
})

test('[JN3] entries are kept for their time, and then go, though nothing else happens', async () => {
  const timers = { journalRetentionMs: 2_000, operationRetentionMs: 2_000 }
  const short = await startServer({ app: TENANTS_APP, timers })
  const tenant = new Tenant(short, 'forgotten')
  const { id } = await tenant.expect<{ id: string }>(202, tenant.post('owns/bulk', { resources: [{}] }))
  await tenant.ended(id)
  expect((await tenant.list<AuditJson>('audit')).map(({ action }) => action)).toEqual(['create'])
  await expect.poll(() => tenant.list('audit'), SOON).toEqual([])
  await expect.poll(() => tenant.list('operations'), SOON).toEqual([])
  expect((await tenant.expect<Page<EventJson>>(200, tenant.ask('events'))).data).toEqual([])
})
