// Records the golden transcripts: what both planes say while a resource lives its whole life through the public door.

import { expect } from 'vitest'
import { PLANES_VERSION, type ControlCall, type DataCall, type Outcome } from '../../src/wire/planes.ts'
import type { ArchivedRow } from '../../src/wire/archive.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { create, json, mintToken } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { SETTLED, createByKey, inspect } from './casks.ts'
import { askControl, exchange, fillImported, mintCaskId } from './control-calls.ts'
import { CONTROL, DATA, replaceAll, writeGolden, type Exchange, type PlaneName } from './golden.ts'

/** @param server a new one, whose tombstones are soon forgotten */
export async function record(server: TestServer): Promise<void> {
  const made = await createByKey(server, 'golden', {
    params: { text: 'of version 1' },
    labels: { label: 'one' },
    metadata: { datum: 'two' },
    visibility: 'public-read',
    allowed_origins: ['https://app.example'],
  })
  const { id } = (await made.json()) as ResourceJson
  await server.fetch('/v1/casks', json('POST', { name: 'golden' }))
  await server.fetch(`/v1/casks/${id}`)
  await server.fetch('/v1/casks?limit=1')
  await server.fetch(`/v1/casks/${id}`, json('PATCH', { name: 'Golden', visibility: 'public' }, { 'if-match': '*' }))
  await mintToken(server, 'casks', id)
  await server.fetch(`/v1/casks/${id}/tokens`, { method: 'DELETE' })
  const { row } = await inspect(server, id)
  const usage = { bytes: 20_480, writeTimeMs: 1_000 }
  await askControl(server, 'reportUsage', { id, incarnation: row.incarnation, usage })
  await create(server, 'vats')
  const link =
    server.stdout
      .find((line) => line.includes('/sign-in?code='))
      ?.split(' ')
      .at(-1) ?? ''
  expect((await fetch(link, { redirect: 'manual' })).status).toBe(303)
  expect((await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })).status).toBe(200)
  expect((await server.fetch(`/v1/casks/${id}/restore`, json('POST', { name: 'golden again' }))).status).toBe(200)
  const imported = await mintCaskId(server)
  const { operation, gift } = await recordOperations(server, imported)
  const traveller = await recordMove(server)
  expect((await server.fetch(`/v1/casks/${id}?purge=true`, { method: 'DELETE' })).status).toBe(200)

  const first = await traffic(server)
  const get = first.control.find(({ call }) => call.method === 'get')?.call as ControlCall
  const apply = first.data.find(({ call }) => call.method === 'apply')?.call as DataCall
  // Two that no client can bring about in a healthy deployment: a stale router's call, and one that comes after the purge.
  await exchange(server, 'control', { ...get, caller: { ...get.caller, policyEpoch: get.caller.policyEpoch + 1 } })
  await exchange(server, 'data', apply)
  await expect.poll(async () => (await server.fetch(`/v1/casks/${id}`)).status, SETTLED).toBe(404)

  const texts = new Map([
    [id, '{cask}'],
    [traveller, '{cask}'],
    [operation, '{operation}'],
    [gift, '{gift}'],
    [imported, '{imported}'],
    [server.secrets.defaultAccount, '{account}'],
    [server.secrets.deployment, '{operator}'],
  ])
  const all = await traffic(server)
  for (const name of [...CONTROL, ...DATA]) {
    const [plane, method, special] = name.split('-') as [PlaneName, string, string | undefined]
    const found = all[plane].find((one) => one.call.method === method && specialOf(one.answer) === special)
    if (found === undefined) throw new Error(`nothing was said that is a ${name}`)
    expect(found.call.v).toBe(PLANES_VERSION)
    writeGolden(name, { plane, ...replaceAll(found, texts) })
  }
}

/** What concerns an account, or many resources. @returns the bulk creation, and what it made, which is given away */
async function recordOperations(server: TestServer, imported: string): Promise<{ operation: string; gift: string }> {
  const begun = valueOf(await askControl(server, 'bulkCreate', { requests: [{ cell: 'local', name: 'gift' }] }))
  const { id: operation } = begun
  const [gift = ''] = begun.subject['resources'] as string[]
  // Said once, when it has ended: what is recorded is the first of its kind.
  const ended = async (): Promise<boolean> =>
    ((await (await server.fetch('/v1/casks?q=gift')).json()) as { data: ResourceJson[] }).data.some(
      (one) => one.id === gift && one.state === 'active',
    )
  await expect.poll(ended, SETTLED).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, OPERATION_MS))
  await askControl(server, 'getOperation', { id: operation })
  await askControl(server, 'count', { after: 0 })
  await askControl(server, 'purgeDeleted', {})
  await new Promise((resolve) => setTimeout(resolve, OPERATION_MS))
  await askControl(server, 'usage', { fromMs: 0, untilMs: FAR_TIME_MS, limit: 10 })
  await askControl(server, 'account', {})
  await askControl(server, 'audit', { after: 0, limit: 10 })
  await askControl(server, 'events', { after: 0, limit: 10 })
  await askControl(server, 'listOperations', { limit: 10 })
  await askControl(server, 'cancelOperation', { id: operation })
  await askControl(server, 'holdAccount', { version: 1, mode: 'active', limits: {} })
  await askControl(server, 'metrics', {})
  await askControl(server, 'reconcile', { cell: 'local' })
  await askControl(server, 'retell', { cell: 'local', after: '' })
  await recordImport(server, imported)
  await askControl(server, 'transfer', { id: gift, to: 'somebody', limits: {} })
  const policy = { kind: 'single' } as const
  await askControl(server, 'reshard', { policy })
  await askControl(server, 'moveOut', { policy, previous: policy, epoch: 1 })
  const counters = { incarnation: 1, createTime: 1, clockMs: 0 }
  const move = {
    account: 'visitor',
    epoch: 1,
    from: 'control-plane-cask-h0',
    step: 'rows',
    tables: [],
    counters,
  } as const
  await askControl(server, 'receiveAccount', move)
  return { operation, gift }
}

/** A row of an archive, and its object, which is filled with nothing. */
async function recordImport(server: TestServer, id: string): Promise<void> {
  const archive = '0'.repeat(64)
  const row: ArchivedRow = {
    id,
    account: server.secrets.defaultAccount,
    name: 'imported',
    state: 'live',
    mode: 'active',
    visibility: 'private',
    generation: 1,
    revoked: [],
    allowedOrigins: ['https://app.example'],
    hosts: ['casks.example'],
    settings: {},
    labels: { label: 'one' },
    metadata: { datum: 'two' },
    isProtected: false,
    createTimeMs: 1_000,
    updateTimeMs: 2_000,
    deleteTimeMs: null,
    retentionLeftMs: null,
    expireTimeMs: null,
    incarnation: 1,
    version: 1,
    revision: 1,
    usage: { bytes: 20_480, writeTimeMs: 1_000, reportTimeMs: 1_000 },
  }
  await askControl(server, 'importRows', { archive, rows: [row] })
  const { descriptor } = valueOf(await askControl(server, 'openImport', { id, archive }))
  if (descriptor !== undefined) await fillImported(server, descriptor)
  const content = { sha256: archive, bytes: 0 }
  await askControl(server, 'closeImport', { id, version: descriptor?.version ?? 0, content })
  await askControl(server, 'exportRows', { after: 0, limit: 1, id })
}

/** To another cell of this process. @returns what has moved */
async function recordMove(server: TestServer): Promise<string> {
  const { id } = await create(server, 'casks', { name: 'traveller' })
  await askControl(server, 'move', { id, cell: 'other' })
  const cellOf = async (): Promise<string> =>
    ((await (await server.fetch(`/v1/casks/${id}`)).json()) as ResourceJson).cell
  await expect.poll(cellOf, SETTLED).toBe('other')
  await new Promise((resolve) => setTimeout(resolve, OPERATION_MS))
  return id
}

/** Longer than an operation takes to see that it has ended. */
const OPERATION_MS = 2_500

/** The year 2100. */
const FAR_TIME_MS = 4_102_444_800_000

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(`a call was refused: ${outcome.error.code}`)
  return outcome.value
}

function specialOf(answer: unknown): string | undefined {
  const { ok, moved, value } = answer as { ok: boolean; moved?: object; value?: { outcome?: string } }
  if (moved !== undefined) return 'moved'
  return !ok || value?.outcome === 'refused' ? 'refused' : undefined
}

async function traffic(server: TestServer): Promise<Record<PlaneName, Exchange[]>> {
  return (await (await server.fetch('/planes/traffic')).json()) as Record<PlaneName, Exchange[]>
}
