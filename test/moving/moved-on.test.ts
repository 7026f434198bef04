// A resource that goes on to somebody else before its move has been reported as ended.

import { expect, test } from 'vitest'
import { TENANTS_APP } from '../support/apps.ts'
import { Tenant } from '../support/tenant.ts'
import { startOneProcess } from './movers.ts'

test("[MV1] [MV5] [MV6] a move that came to its end has succeeded, also if the resource is another account's before anybody looks", async () => {
  const server = await startOneProcess({ app: TENANTS_APP, faults: true })
  const acme = new Tenant(server, 'acme')
  const operator = new Tenant(server, 'acme', { role: 'operator' })
  const { id } = await acme.create('owns', { cell: 'local' })
  // The resource is there, and may be changed again; its operation is yet to hear of that.
  const release = server.faults?.hold('moving.ended')
  const { id: operation } = await acme.expect<{ id: string }>(202, acme.post(`owns/${id}/move`, { cell: 'other' }))
  await server.faultHit('moving.ended')
  // Each account has a shard of its own.
  await acme.expect(200, operator.post(`owns/${id}/transfer`, { account: 'beta' }))
  expect(await acme.refused(acme.post(`operations/${operation}/cancel`), 400)).toMatchObject({
    code: 'invalid_request',
  })
  release?.()
  expect(await acme.ended(operation)).toMatchObject({ state: 'succeeded', progress: { done: 3, total: 3 } })
  expect(await new Tenant(server, 'beta').get('owns', id)).toMatchObject({ account: 'beta', cell: 'other' })
})
