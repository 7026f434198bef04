// The figure of the pattern, as it runs: a user in London creates, writes and reads, one in Portland reads; 70 ms lie between them, each
// way. Two machines' worth of processes: each place has its edge, its data plane and its control plane.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeAccount, type TestAccount } from './support/accounts.ts'
import { disposeCells, startCells, type Cells } from './support/cells.ts'
import { content, create, json, problem, type Token } from './support/http.ts'
import { ROOT, type TestServer } from './support/server.ts'
import type { ResourceJson } from '../src/wire/resource.ts'

const DELAY_MS = 70
const ROUND_TRIP_MS = 2 * DELAY_MS
const APP = `${ROOT}/test/support/apps/figure.ts`

type Place = 'lon' | 'pdx'

interface Step {
  readonly step: string
  readonly ms: number
  readonly crossings: number
}

const told: Step[] = []

describe('the figure', () => {
  let figure: Cells<Place>
  let london: TestServer
  let portland: TestServer
  let londoner: TestAccount
  let note: ResourceJson
  let token: string

  beforeAll(async () => {
    figure = await startCells(['lon', 'pdx'], { app: APP, delayMs: DELAY_MS })
    london = figure.servers.lon
    portland = figure.servers.pdx
    londoner = await makeAccount(london)
  })

  afterAll(async () => {
    await disposeCells(figure)
    const lines = told.map(
      ({ step, ms, crossings }) =>
        `  ${step.padEnd(60)} ${ms.toFixed(0).padStart(5)} ms  ${crossings} x ${ROUND_TRIP_MS} ms`,
    )
    console.log(`\nThe figure, with ${DELAY_MS} ms each way between London and Portland:\n${lines.join('\n')}`)
  })

  const crossings = (): number => figure.links.lon.crossings + figure.links.pdx.crossings

  /** Does one thing, and tells how long it took and how often it went from one place to the other. */
  async function measured<T>(
    step: string,
    act: () => Promise<T>,
  ): Promise<{ answer: T; ms: number; crossings: number }> {
    const [before, began] = [crossings(), performance.now()]
    const answer = await act()
    const result = { ms: performance.now() - began, crossings: crossings() - before }
    told.push({ step, ...result })
    return { answer, ...result }
  }

  const write = (at: TestServer, text: string): Promise<Response> =>
    content(at, `/notes/${note.id}/`, token, { method: 'PUT', body: text })
  const read = async (at: TestServer): Promise<string> => (await content(at, `/notes/${note.id}/`, token)).text()

  test('[CE20] 1 to 5: a user in London creates; control plane and data are in London, and nothing crosses', async () => {
    const made = await measured('1-5  London creates', () =>
      londoner.ask('/v1/notes', json('POST', { name: 'Figure' })),
    )
    expect(made.answer.status).toBe(201)
    note = (await made.answer.json()) as ResourceJson
    expect(note).toMatchObject({ cell: 'lon', account: londoner.id })
    expect(note.url).toContain(new URL(london.url).host)
    expect(made.crossings).toBe(0)
    const minted = await londoner.ask(`/v1/notes/${note.id}/tokens`, json('POST', { permission: 'write' }))
    token = ((await minted.json()) as Token).token
    expect(crossings()).toBe(0)
  })

  test('[CE20] 6 and 7: London writes and reads its own object, and nothing crosses', async () => {
    const written = await measured('6-7  London writes', () => write(london, 'from London'))
    expect(written.answer.status).toBe(204)
    const seen = await measured('6-7  London reads', () => read(london))
    expect(seen.answer).toBe('from London')
    expect(written.crossings + seen.crossings).toBe(0)
  })

  test('[CE20] 8 and 9: Portland reads by the identifier alone, with exactly one round trip', async () => {
    // The first request between two places opens the connection, which every later one has.
    await measured('8-9  Portland reads, the first time (a connection is opened)', () => read(portland))
    const seen = await measured('8-9  Portland reads', () => read(portland))
    expect(seen.answer).toBe('from London')
    expect(seen.crossings).toBe(1)
    expect(seen.ms).toBeGreaterThan(ROUND_TRIP_MS)
    const written = await measured('     Portland writes', () => write(portland, 'from Portland'))
    expect(written.answer.status).toBe(204)
    expect(written.crossings).toBe(1)
    expect(await read(london)).toBe('from Portland')
  })

  test("[CE20] a user in Portland has a control plane and data of his own, and only the deployment's root is asked, once", async () => {
    const portlander = await makeAccount(portland)
    expect(portlander.record.cell).toBe('pdx')
    const first = await measured('     Portland creates, the first time (its shard asks the root)', () =>
      portlander.ask('/v1/notes', json('POST', { name: 'First' })),
    )
    expect(first.answer.status).toBe(201)
    const second = await measured('1-5  Portland creates', () =>
      portlander.ask('/v1/notes', json('POST', { name: 'Second' })),
    )
    expect(second.answer.status).toBe(201)
    expect(await second.answer.json()).toMatchObject({ cell: 'pdx', account: portlander.id })
    expect(second.crossings).toBe(0)
  })

  test("[CE20] with London's control plane dead every read and write goes on, from both places", async () => {
    await london.control.kill9()
    // Its next life stands still from the beginning: it is away for as long as this takes.
    await london.control.ready()
    const pid = london.control.pid ?? 0
    process.kill(pid, 'SIGSTOP')
    try {
      const before = crossings()
      const rounds = 10
      const began = performance.now()
      for (let round = 0; round < rounds; round++) {
        const [writer, reader] = round % 2 === 0 ? [london, portland] : [portland, london]
        expect((await write(writer, `round ${round}`)).status).toBe(204)
        expect(await read(reader)).toBe(`round ${round}`)
      }
      told.push({
        step: `     ${rounds} writes and ${rounds} reads, London's control plane dead`,
        ms: performance.now() - began,
        crossings: crossings() - before,
      })
      expect(crossings() - before).toBe(rounds)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    // And what it missed nobody lost: the next creation is made.
    expect((await create(london, 'notes', { name: 'After' })).cell).toBe('lon')
  })

  test("[CE20] with London dead Portland's own resources are unaffected; London's are told to be away, and come back by themselves", async () => {
    const own = await create(portland, 'notes', { name: 'Own', cell: 'pdx' })
    const minted = await portland.fetch(`/v1/notes/${own.id}/tokens`, json('POST', { permission: 'write' }))
    const ownToken = ((await minted.json()) as Token).token
    const ask = (init?: RequestInit): Promise<Response> => content(portland, `/notes/${own.id}/`, ownToken, init)
    await write(london, 'acknowledged')
    await london.kill9()

    const kept = await measured('     Portland writes its own, London dead', () =>
      ask({ method: 'PUT', body: 'still here' }),
    )
    expect(kept.answer.status).toBe(204)
    expect(kept.crossings).toBe(0)
    expect(await (await ask()).text()).toBe('still here')
    const away = await measured("     Portland asks for London's, London dead", () =>
      content(portland, `/notes/${note.id}/`, token),
    )
    expect(away.answer.status).toBe(503)
    expect(await problem(away.answer)).toMatchObject({ code: 'unavailable', cell: 'lon', retryable: true })

    await london.start()
    expect(await read(portland)).toBe('acknowledged')
  })

  test("[CE20] London's data process alone: what Portland asks meanwhile waits for its next life, and is answered", async () => {
    await write(london, 'before the kill')
    await london.data.kill9()
    const seen = await measured("     Portland reads London's, whose data process has just been killed", () =>
      read(portland),
    )
    expect(seen.answer).toBe('before the kill')
  })
})
