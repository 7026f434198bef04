import { describe, expect, test } from 'vitest'
import type { ObjectPlace } from '../../src/identity/cell.ts'
import { isLaterCopy } from '../../src/control-plane/moving/later-copy.ts'
import {
  isOneObject,
  leftPlace,
  movedPlace,
  otherPlaces,
  placeOfNext,
  placeOfRow,
  whileMoving,
  type RowMove,
} from '../../src/control-plane/moving/row-place.ts'
import type { Descriptor } from '../../src/wire/descriptor.ts'

const HOME = { cell: 'local' }
const OTHER = { cell: 'other', renamed: true } as const
const THIRD = { cell: 'third' }
const CELLS = { local: {}, other: {}, third: { address: 'http://127.0.0.1:1' } }

const moving: RowMove = { operation: 'op', from: HOME, to: OTHER, phase: 'copy' }

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

/** Mode, and whether it says that it moves, of a descriptor in that phase of a move. */
function said(mode: Descriptor['mode'], phase: RowMove['phase']): string {
  const next = whileMoving(descriptor(1, { mode, moving: true }), { ...moving, phase })
  return `${next.mode}${next.moving === true ? ' moving' : ''}`
}

describe('where a row is', () => {
  const id = 'wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab'

  test('[MV1] [MV8] every place that has something of it is known until its end', () => {
    expect([placeOfRow({ id }), otherPlaces({ id }, CELLS)]).toEqual([HOME, []])
    expect(otherPlaces({ id, moving }, CELLS)).toEqual([OTHER])
    const [home, other] = [
      { ...HOME, version: 4 },
      { ...OTHER, version: 6 },
    ]
    const there = movedPlace({ id, desiredVersion: 4 }, OTHER)
    expect(there).toEqual({ at: OTHER, left: [home] })
    const third = movedPlace({ id, place: there, desiredVersion: 6 }, THIRD)
    expect(third).toEqual({ at: THIRD, left: [home, other] })
    expect(otherPlaces({ id, place: third }, CELLS)).toEqual([HOME, OTHER])
    // By another code what it is in now is not another place.
    const merged = { ...CELLS, third: CELLS.local }
    expect(otherPlaces({ id, place: third }, merged)).toEqual([OTHER])
    expect([isOneObject(CELLS, HOME, THIRD), isOneObject(merged, HOME, THIRD)]).toEqual([false, true])
    expect(isOneObject(merged, HOME, OTHER)).toBe(false)
    expect(movedPlace({ id, place: third, desiredVersion: 8 }, HOME)).toEqual({
      at: HOME,
      left: [other, { ...THIRD, version: 8 }],
    })
    expect(leftPlace({ id, desiredVersion: 6 }, OTHER)).toEqual({ at: HOME, left: [other] })
    expect(leftPlace({ id, place: there, desiredVersion: 6 }, OTHER)).toEqual(there)
    // The same place once more: what it had before says nothing now.
    expect(leftPlace({ id, place: third, desiredVersion: 9 }, OTHER).left).toEqual([home, { ...OTHER, version: 9 }])
  })

  test('[CE22] what came to a place after the resource had left it is a later copy; of what the release before has noted nothing is known', () => {
    const known = { id, incarnation: 5, place: { at: HOME, left: [{ ...OTHER, version: 6 }, THIRD] } }
    const later = (at: ObjectPlace, ...versions: number[]): boolean[] =>
      versions.map((version) => isLaterCopy(known, at, { kind: 'descriptor', descriptor: descriptor(version) }))
    expect(later(OTHER, 5, 6, 7)).toEqual([false, false, true])
    expect(later(THIRD, 5, 6, 7)).toEqual([false, false, false])
    expect(later({ cell: 'fourth' }, 1)).toEqual([true])
    const [half, whole] = [false, true].map((isComplete) =>
      isLaterCopy(known, OTHER, { kind: 'arriving', arriving: { descriptor: descriptor(7), isComplete } }),
    )
    expect([half, whole]).toEqual([false, true])
    const before = descriptor(7, { incarnation: 4 })
    expect(isLaterCopy(known, OTHER, { kind: 'descriptor', descriptor: before })).toBe(false)
    // Of the next creation nothing was anywhere.
    const place = placeOfNext({ id, place: { at: OTHER, left: [THIRD] }, desiredVersion: 9 })
    expect(place).toEqual({
      at: HOME,
      left: [
        { ...THIRD, version: 0 },
        { ...OTHER, version: 0 },
      ],
    })
  })

  test('[MV2] [MV5] a descriptor says that it moves, and is no more open than that', () => {
    const modes = ['active', 'read_only', 'suspended', 'deleted'] as const
    const held = ['read_only moving', 'read_only moving', 'suspended moving', 'deleted']
    expect(modes.map((mode) => said(mode, 'copy'))).toEqual(held)
    expect(modes.map((mode) => said(mode, 'handOver'))).toEqual(held)
    expect(modes.map((mode) => said(mode, 'undo'))).toEqual(['active', 'read_only', 'suspended', 'deleted'])
  })
})
