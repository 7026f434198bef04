import { jurisdictionLeft } from '../../src/identity/cell.ts'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unwrap, wrap } from '../../src/data-plane/envelope.ts'
import { refusalToFill } from '../../src/data-plane/filling.ts'
import {
  decideApply,
  decideForget,
  decidePurge,
  decideRedeem,
  mayLeave,
  refusalOf,
} from '../../src/data-plane/lifecycle.ts'
import { LineReader } from '../../src/data-plane/lines.ts'
import type { Descriptor, Held } from '../../src/wire/descriptor.ts'

const NOW = 1_000
const HOME = { cell: 'local' }
const OTHER = { cell: 'other', renamed: true } as const

function descriptor(version: number, more: Partial<Descriptor> = {}): Descriptor {
  return {
    id: 'id',
    type: 'wiki',
    account: 'account',
    shard: 'shard',
    incarnation: 5,
    version,
    mode: 'read_only',
    visibility: 'public',
    limits: { bytes: 1 },
    generation: 1,
    allowedOrigins: [],
    settings: {},
    ...more,
  }
}

const HELD: Readonly<Record<string, Held>> = {
  nothing: { kind: 'nothing' },
  open: { kind: 'descriptor', descriptor: descriptor(5) },
  half: { kind: 'arriving', arriving: { descriptor: descriptor(5), from: HOME, isComplete: false } },
  complete: { kind: 'arriving', arriving: { descriptor: descriptor(5), from: HOME, isComplete: true } },
  moved: { kind: 'moved', moved: { id: 'id', incarnation: 5, version: 5, to: OTHER, movedAtMs: NOW } },
  tombstone: { kind: 'tombstone', tombstone: { id: 'id', incarnation: 5, version: 5, purgedAtMs: NOW } },
}

/** Of an import's refusal; - of none. */
function codeOf(held: Held, of: Descriptor): string {
  return refusalToFill(held, of, false)?.code ?? '-'
}

/** Columns: version 4 5 6 of the same incarnation, then a newer incarnation. */
function row(decide: (incarnation: number, version: number) => boolean): string {
  const pairs = [
    [5, 4],
    [5, 5],
    [5, 6],
    [6, 1],
  ] as const
  return pairs.map(([incarnation, version]) => (decide(incarnation, version) ? 'y' : '-')).join(' ')
}

describe('an object, by what it holds', () => {
  test('[MV3] is filled by a move, unless it is open, or knows that the move is over', () => {
    const table = Object.fromEntries(
      Object.entries(HELD).map(([name, held]) => [
        name,
        row((incarnation, version) => refusalToFill(held, descriptor(version, { incarnation }), true) === undefined),
      ]),
    )
    expect(table).toEqual({
      nothing: 'y y y y',
      open: '- - - -',
      half: '- y y y',
      // Of each attempt one copy: a call that is repeated does not begin it anew.
      complete: '- - y y',
      moved: '- - y y',
      tombstone: '- - - y',
    })
  })

  test('[AR13] is filled by an import over nothing but what came of the same one, and says why not', () => {
    const imported = (isComplete: boolean): Held => ({
      kind: 'arriving',
      arriving: { descriptor: descriptor(5), isComplete },
    })
    const held = { ...HELD, half: imported(false), complete: imported(true), moving: HELD['half'] as Held }
    const tables = ['account', 'another'].map((account) =>
      Object.fromEntries(
        Object.entries(held).map(([name, one]) => [
          name,
          [4, 5, 6].map((version) => codeOf(one, descriptor(version, { account }))).join(' '),
        ]),
      ),
    )
    const never = 'already_exists already_exists already_exists'
    const others = { nothing: '- - -', open: never, moved: never, tombstone: never, moving: never }
    expect(tables).toEqual([
      { ...others, half: 'not_ready - -', complete: 'not_ready not_ready -' },
      { ...others, half: never, complete: never },
    ])
    const newer = descriptor(1, { incarnation: 6 })
    const above = Object.entries(held).filter(([, one]) => refusalToFill(one, newer, false) === undefined)
    // Purged before it was ever filled: the next import of it is another incarnation.
    expect(above.map(([name]) => name)).toEqual(['nothing', 'tombstone'])
    expect(refusalToFill(imported(true), descriptor(6), true)?.code).toBe('not_ready')
    // As the release before leaves it when it dies between the content and the import's end: suspended, and never open.
    const unopened: Held = { kind: 'descriptor', descriptor: descriptor(5, { mode: 'suspended' }) }
    expect([4, 5, 6].map((version) => codeOf(unopened, descriptor(version)))).toEqual([
      'already_exists',
      'already_exists',
      '-',
    ])
    expect(codeOf(unopened, descriptor(6, { account: 'another' }))).toBe('already_exists')
    expect(refusalToFill(unopened, descriptor(6), true)?.code).toBe('not_ready')
  })

  test('[AR13] is purged of an unfinished import, and of nothing that is not its', () => {
    const purge = { id: 'id', incarnation: 5, version: 6 }
    const decide = (onlyOf: string, incarnation = 5) =>
      Object.values(HELD).map((held) => decidePurge(held, { ...purge, incarnation, onlyOf }, NOW).do === 'wipe')
    // nothing, open, half, complete, moved, tombstone
    expect(decide('account')).toEqual([true, true, true, true, false, true])
    expect(decide('another')).toEqual([true, false, false, false, false, true])
    expect(decide('account', 6)).toEqual([true, false, false, false, false, true])
  })

  test('[MV3] lets go of what is not newer than what was taken over, as often as it is told', () => {
    const table = Object.fromEntries(
      Object.entries(HELD).map(([name, held]) => [
        name,
        row((incarnation, version) => mayLeave(held, { incarnation, version })),
      ]),
    )
    expect(table).toEqual({
      nothing: 'y y y y',
      open: '- y y y',
      half: '- y y y',
      complete: '- y y y',
      moved: '- y y y',
      tombstone: '- - - -',
    })
  })

  test('[MV3] [DP1] is opened by a newer descriptor once its content is complete', () => {
    const outcomes = ['half', 'complete', 'moved'].map((name) =>
      [descriptor(5), descriptor(6), descriptor(6, { mode: 'deleted' })].map((next) => {
        const decided = decideApply(HELD[name] as Held, next, NOW, NOW)
        return decided.do === 'nothing' ? (decided.reason ?? decided.outcome) : decided.do
      }),
    )
    expect(outcomes).toEqual([
      ['held', 'arriving', 'store'],
      ['held', 'store', 'store'],
      ['moved', 'moved', 'moved'],
    ])
    // Another resource with its identifier: what has come of this one goes first.
    const next = ['half', 'complete'].map(
      (name) => decideApply(HELD[name] as Held, descriptor(1, { incarnation: 6 }), NOW, NOW).do,
    )
    expect(next).toEqual(['replace', 'replace'])
  })

  test('[MV8] [DP1] does not take itself for purged when its content is elsewhere', () => {
    const purge = { id: 'id', incarnation: 5, version: 6 }
    const asked = Object.values(HELD).map((held) =>
      [purge, { ...purge, isMarker: true }].map((one) => decidePurge(held, one, NOW).do),
    )
    const wiped = ['wipe', 'wipe']
    const sentOn = decidePurge(HELD['moved'] as Held, { ...purge, isMarker: true, to: HOME }, NOW)
    expect(sentOn).toMatchObject({ remains: { kind: 'moved', moved: { to: HOME, version: 6 } } })
    const forgotten = [false, true].map((isMarker) => decideForget(HELD['moved'] as Held, 5, isMarker).do)
    expect(forgotten).toEqual(['nothing', 'empty'])
    expect(asked).toEqual([wiped, wiped, wiped, wiped, ['nothing', 'wipe'], wiped])
  })

  test('[MV2] is read while it moves, and told to come again otherwise; a link that would be used up waits', () => {
    const moving: Held = { kind: 'descriptor', descriptor: descriptor(5, { moving: true }) }
    const codes = [moving, HELD['half'], HELD['moved']].map((held) =>
      (['read', 'write'] as const).map(
        (needs) =>
          refusalOf(held as Held, { via: 'none', needs, requestId: '', basePath: '/', origin: '' })?.code ?? 'passes',
      ),
    )
    expect(codes).toEqual([
      ['passes', 'unavailable'],
      ['unavailable', 'unavailable'],
      ['unavailable', 'unavailable'],
    ])
    const redeemed = [true, false].map((isOnce) => decideRedeem(moving, { generation: 1 }, isOnce))
    expect(redeemed).toEqual(['moving', undefined])
  })
})

test('[MV7] nothing leaves a jurisdiction; what is in none may go into one', () => {
  const places = [{}, { jurisdiction: 'eu' }, { jurisdiction: 'us' }] as const
  const left = places.map((from) => places.map((to) => jurisdictionLeft(from, to)))
  expect(left).toEqual([
    [undefined, undefined, undefined],
    ['eu', undefined, 'eu'],
    ['us', 'us', undefined],
  ])
})

describe('content on its way', () => {
  const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.nat()), { selector: ([name]) => name })

  test('[MV1] [MV9] comes out as it went in, in whatever pieces it arrives', async () => {
    await fc.assert(
      fc.asyncProperty(
        entries,
        entries,
        fc.uint8Array(),
        fc.integer({ min: 1, max: 50 }),
        async (timers, codes, bytes, size) => {
          const wrapped = new Uint8Array(await new Response(wrap({ timers, codes }, streamOf(bytes, 7))).arrayBuffer())
          const { content, ...rest } = await unwrap(streamOf(wrapped, size))
          expect(rest).toEqual({ timers, codes })
          expect(new Uint8Array(await new Response(content).arrayBuffer())).toEqual(bytes)
        },
      ),
    )
  })

  test.each([
    ['nothing', ''],
    ['another beginning', '{"schema_version":1}\n'],
    ['a newer form', '{"biplane":2}\n{"content":true}\n'],
    ['an unknown line', '{"biplane":1}\n{"held":{}}\n{"content":true}\n'],
    ['no content', '{"biplane":1}\n{"timer":["a",1]}\n'],
    ["a timer of the base class's", '{"biplane":1}\n{"timer":["biplane:usage 1",1]}\n{"content":true}\n'],
    ['a time that is none', '{"biplane":1}\n{"code":["a","b"]}\n{"content":true}\n'],
    ['what is no text', '{"biplane":1}\n\ud800'],
  ])('[MV9] is refused with %s', async (_what, text) => {
    await expect(unwrap(streamOf(Buffer.from(text, 'latin1'), 10))).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test('[MV9] lines are what stands between their ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string().filter((line) => !line.includes('\n'))),
        fc.integer({ min: 1, max: 9 }),
        async (lines, size) => {
          const whole = lines.map((line) => line.toWellFormed())
          const reader = new LineReader(streamOf(Buffer.from(whole.map((line) => `${line}\n`).join('')), size))
          for (const line of whole) expect(await reader.next()).toBe(line)
          expect(await reader.next()).toBeUndefined()
        },
      ),
    )
  })
})

/** In pieces of that size. */
function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (let begin = 0; begin < bytes.length; begin += size)
        controller.enqueue(new Uint8Array(bytes.subarray(begin, begin + size)))
      controller.close()
    },
  })
}
