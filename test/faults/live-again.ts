// One life of a cask through the public door alone, so that everything between the planes is said by the real callers.

import { expect, vi } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { create, json, mintToken } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { SETTLED, createByKey } from './casks.ts'
import type { Exchange, PlaneName } from './golden.ts'

/** @param server a new one, whose tombstones are soon forgotten @returns all calls with their answers, in the order of each process */
export async function liveAgain(server: TestServer): Promise<Record<PlaneName, Exchange[]>> {
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await server.fetch(path, init)
    expect(answer.status, `${init.method ?? 'GET'} ${path}`).toBeLessThan(400)
    return answer
  }
  const made = await createByKey(server, 'golden', {
    params: { text: 'of this version' },
    labels: { label: 'one' },
    metadata: { datum: 'two' },
    visibility: 'public-read',
    allowed_origins: ['https://app.example'],
  })
  const { id } = (await made.json()) as ResourceJson
  const one = `/v1/casks/${id}`
  await ask(one)
  await ask('/v1/casks?limit=1')
  await ask('/v1/casks/count')
  await ask(one, json('PATCH', { name: 'Golden', visibility: 'public' }, { 'if-match': '*' }))
  await mintToken(server, 'casks', id)
  await ask(`${one}/tokens`, { method: 'DELETE' })
  await ask(`${one}/inspect`)
  await fetch(
    server.stdout
      .find((line) => line.includes('/sign-in?code='))
      ?.split(' ')
      .at(-1) ?? '',
    { redirect: 'manual' },
  )
  await ask(one, { method: 'DELETE' })
  await ask(`${one}/restore`, json('POST', { name: 'golden again' }))
  const { id: traveller } = await create(server, 'casks', { name: 'traveller' })
  await ask(`/v1/casks/${traveller}/move`, json('POST', { cell: 'other' }))
  const bulk = await ask('/v1/casks/bulk', json('POST', { resources: [{ name: 'gift' }] }))
  const operation = bulk.headers.get('location') ?? ''
  await ask(operation)
  await ask('/v1/operations')
  const account = await create(server, 'accounts')
  await vi.waitFor(async () => {
    expect(((await (await ask(operation)).json()) as { state: string }).state).not.toBe('running')
  }, SETTLED)
  const [gift] = ((await (await ask('/v1/casks?q=gift')).json()) as { data: ResourceJson[] }).data
  await ask(`/v1/casks/${gift?.id ?? ''}/transfer`, json('POST', { account: account.id }))
  for (const path of ['/v1/usage', '/v1/audit', '/v1/events', '/v1/types', '/metrics']) await ask(path)
  await ask('/v1/casks/purge', json('POST', {}))
  await ask('/v1/cells/local/reconcile', json('POST', {}))
  await ask(`${operation}/cancel`, { method: 'POST' })
  await ask(`${one}?purge=true`, { method: 'DELETE' })
  await ask('/v1/types/cask/policy', json('PUT', { kind: 'hashed', shards: 2 }))
  const traffic = async (): Promise<Record<PlaneName, Exchange[]>> =>
    (await (await ask('/planes/traffic')).json()) as Record<PlaneName, Exchange[]>
  await vi.waitFor(async () => {
    const methods = Object.values(await traffic()).flatMap((said) => said.map(({ call }) => call.method))
    expect(methods).toEqual(expect.arrayContaining(['forget', 'receiveAccount', 'receiveResource', 'leave']))
  }, SETTLED)
  return traffic()
}
