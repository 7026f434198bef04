// Version n of either plane understands version n-1 of the other, which runs for minutes beside it at every deployment. What version 1 said
// is committed in test/fixtures/planes: its calls are made again, and its answers are given to today's callers. And the other way round:
// today's answers have all that was in the recorded ones, today's calls all that was in the recorded calls.
//
// After a change that only adds, nothing is to be done. `UPDATE_GOLDEN=1 npx vitest run test/faults/golden.test.ts` records anew: for a new
// method, or when a release is made that no longer needs to understand the one before it.

import { beforeAll, describe, expect, test } from 'vitest'
import type { Descriptor } from '../../src/wire/descriptor.ts'
import type { ControlCall, DataCall } from '../../src/wire/planes.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { create, json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { CELLS_FILE } from '../moving/movers.ts'
import { CASK_APP, SETTLED } from './casks.ts'
import { exchange, fillImported, mintCaskId } from './control-calls.ts'
import {
  CALLED,
  CONTROL,
  DATA,
  allMethods,
  missing,
  readGolden,
  replaceAll,
  type Exchange,
  type Golden,
  type PlaneName,
} from './golden.ts'
import { liveAgain } from './live-again.ts'
import { record } from './record-golden.ts'

const FAR_MS = 60_000
/** What was deleted can be restored; what was purged is soon forgotten. */
const START = {
  app: CASK_APP,
  timers: { deleteRetentionMs: FAR_MS, tombstoneRetentionMs: 500 },
  args: ['--cell', 'local', '--cells-file', CELLS_FILE],
}
let server: TestServer

beforeAll(async () => {
  server = await startServer(START)
})

// Not a skipped test otherwise: there is nothing to be tested.
if (process.env['UPDATE_GOLDEN'] === '1')
  test('[FW5] the transcripts are recorded anew', async () => record(await startServer(START)))

test('[FW5] every method of both faces has a transcript', () => {
  const names = [...readGolden().keys()]
  expect(names.toSorted()).toEqual([...CONTROL, ...DATA].toSorted())
  for (const method of allMethods()) expect(names).toContain(method)
})

test('[FW5] what an answer lost or changed is noticed, what it gained is not', () => {
  const then = { ok: true, value: { id: 'a', list: [{ n: 1 }], none: null } }
  expect(missing(then, { ok: true, value: { id: 'b', list: [{ n: 2, more: 1 }], none: 'now' }, more: {} })).toEqual([])
  expect(missing(then, { ok: false, value: { id: 1, list: [{}] } })).toEqual([
    'answer.ok was true and is false',
    'answer.value.id was string and is number',
    'answer.value.list[0].n is gone',
    'answer.value.none is gone',
  ])
})

describe("[FW5] today's planes take the recorded calls, and answer all that was answered then", () => {
  /** Placeholder -> what stands for it in this deployment; the creation decides which cask. */
  const here = new Map<string, string>()

  beforeAll(async () => {
    here.set('{account}', server.secrets.defaultAccount)
    here.set('{operator}', server.secrets.deployment)
    here.set('{imported}', await mintCaskId(server))
  })

  test.each(CONTROL)('[FW5] %s', async (name) => {
    const { call, answer } = goldenOf(name)
    const now = await exchange(server, 'control', replaceAll(call, here))
    // An operation goes on by itself; asking for it changes nothing.
    if (/peration|count|account|events$/.test(name))
      await expect
        .poll(async () => missing(answer, await exchange(server, 'control', replaceAll(call, here))), SETTLED)
        .toEqual([])
    else expect(missing(answer, now)).toEqual([])
    if (name === 'control-bulkCreate') {
      const { id, subject } = (now as { value: { id: string; subject: { resources: string[] } } }).value
      here.set('{operation}', id)
      here.set('{gift}', subject.resources[0] ?? '')
    }
    if (name === 'control-openImport')
      await fillImported(server, (now as { value: { descriptor: Descriptor } }).value.descriptor)
    if (name === 'control-create') here.set('{cask}', (now as { value: { record: { id: string } } }).value.record.id)
  })

  test.each(DATA)('[FW5] %s', async (name) => {
    // An object of its own: no catalog interferes.
    if (name === 'data-apply') here.set('{cask}', await mintCaskId(server))
    const { call, answer } = goldenOf(name)
    const now = await exchange(server, 'data', inTime(replaceAll(call, here)))
    expect(missing(answer, now)).toEqual([])
  })
})

describe("[FW5] today's callers understand the recorded answers", () => {
  test("[FW5] the edge, of version 1's control plane", async () => {
    const id = await mintCaskId(server)
    const names = CONTROL.filter((name) => !/-(refused|moved|policy)$/.test(name))
    await play(id, { control: names, data: [] })
    const recordedName = (goldenOf('control-create').call.args as { name: string }).name
    const created = await server.fetch('/v1/casks', json('POST', { name: 'anything' }))
    expect(created.status).toBe(201)
    expect(await created.json()).toMatchObject({ id, name: recordedName, state: 'active' })
    const one = `/v1/casks/${id}`
    const statuses: [string, RequestInit, number][] = [
      ['/v1/casks', {}, 200],
      [one, {}, 200],
      [one, json('PATCH', { name: 'other' }), 200],
      [`${one}/tokens`, json('POST', {}), 201],
      [`${one}/tokens`, { method: 'DELETE' }, 200],
      [`${one}/links`, json('POST', {}), 201],
      [`${one}/inspect`, {}, 200],
      [one, { method: 'DELETE' }, 200],
      [`${one}/restore`, json('POST', {}), 200],
    ]
    for (const [path, init, status] of statuses) {
      expect((await server.fetch(path, init)).status, `${init.method ?? 'GET'} ${path}`).toBe(status)
    }
    await play(id, { control: ['control-create-refused'], data: [] })
    expect((await server.fetch('/v1/casks', json('POST', { name: 'anything' }))).status).toBe(409)
  })

  test("[FW5] the control plane, of version 1's data plane", async () => {
    await play('', { control: [], data: ['data-apply', 'data-describe', 'data-purge', 'data-forget'] })
    const { id } = await create(server, 'casks', { name: 'of the new plane' })
    const removed = await server.fetch(`/v1/casks/${id}?purge=true`, { method: 'DELETE' })
    expect(removed.status).toBe(200)
    expect(((await removed.json()) as ResourceJson).state).toBe('deleted')
    // Forgotten, too, by the answers alone.
    await expect.poll(async () => (await server.fetch(`/v1/casks/${id}`)).status, SETTLED).toBe(404)
    await play('', { control: [], data: [] })
  })
})

describe("[FW5] today's calls have all that the recorded planes need", () => {
  /** Said by the real callers: the edge at HTTP requests, the control plane at what follows of them. */
  let said: Record<PlaneName, Exchange[]>

  beforeAll(async () => {
    said = await liveAgain(await startServer(START))
  }, FAR_MS)

  test.each(CALLED)('[FW5] %s', (name) => {
    const { plane, call } = goldenOf(name)
    const now = said[plane].find((one) => one.call.method === call.method)?.call
    expect(now, `nothing was said that is a ${name}`).toBeDefined()
    // What it says is another life's; what it is made of is the same.
    expect(missing(call, now, 'call', new Set())).toEqual([])
  })
})

describe('[FW5] an object that is of an older release than its caller', () => {
  test('[FW5] says so, and has done nothing', async () => {
    const refused = { ok: false, error: { code: 'unavailable', applied: 'no', retryAfterSeconds: 1 } }
    for (const method of ['of the next release', 'toString', '__proto__']) {
      const { call } = goldenOf('control-get')
      const args = { id: await mintCaskId(server) }
      const asked = { ...replaceAll(call, textsOf(server)), method, args } as unknown as ControlCall
      expect(await exchange(server, 'control', asked)).toMatchObject(refused)
      const told = { ...goldenOf('data-describe').call, resource: args.id, method } as unknown as DataCall
      expect(await exchange(server, 'data', told)).toMatchObject(refused)
    }
  })
})

function textsOf({ secrets }: TestServer): Map<string, string> {
  return new Map([
    ['{account}', secrets.defaultAccount],
    ['{operator}', secrets.deployment],
  ])
}

function goldenOf(name: string): Golden {
  const golden = readGolden().get(name)
  if (golden === undefined) throw new Error(`there is no transcript ${name}`)
  return golden
}

/** From now on the planes answer as recorded; without any names, as themselves again. */
async function play(id: string, names: Readonly<Record<PlaneName, readonly string[]>>): Promise<void> {
  const texts = new Map([
    ['{cask}', id],
    ['{account}', server.secrets.defaultAccount],
  ])
  const answersOf = (plane: PlaneName): object =>
    Object.fromEntries(
      names[plane].map((name) => {
        const { call, answer } = goldenOf(name)
        return [call.method, replaceAll(answer, texts)]
      }),
    )
  const body = { control: answersOf('control'), data: answersOf('data') }
  expect((await server.fetch('/planes/playback', json('PUT', body))).status).toBe(204)
}

/** A recorded deadline has long passed. */
function inTime(call: ControlCall | DataCall): ControlCall | DataCall {
  const isTimed = 'notAfterMs' in call.args
  return isTimed ? ({ ...call, args: { ...call.args, notAfterMs: Date.now() + FAR_MS } } as DataCall) : call
}
