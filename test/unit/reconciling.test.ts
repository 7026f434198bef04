import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_CLOCK_STEP_MS, clockAt, toWallTime } from '../../src/control-plane/meta.ts'
import { nextStep, type Step } from '../../src/control-plane/next-step.ts'
import type { Phase } from '../../src/control-plane/row.ts'
import { backOffMs } from '../../src/control-plane/work.ts'

describe('the three rules', () => {
  const NOW = 1_000
  const PHASES: readonly Phase[] = ['creating', 'live', 'purging', 'purged']

  test.each(PHASES)('[RC1] decide for a row that is %s, whatever it is wanted to be', (phase) => {
    for (const isBehind of [false, true]) {
      for (const purgeTimeMs of [null, 7]) {
        for (const clockDue of [null, NOW - 1, NOW, NOW + 1]) {
          const versions = { desiredVersion: 2, appliedVersion: isBehind ? 1 : 2 }
          const row = { phase, clockDue, lifeDue: null, purgeTimeMs, ...versions }
          const isDue = clockDue !== null && clockDue <= NOW
          const isKept = purgeTimeMs !== null
          expect([row, nextStep(row, NOW)]).toEqual([row, expected(phase, isBehind, isDue, isKept)])
        }
      }
    }
  })

  test('[AR4] leave a row alone whose object is yet to be filled from an archive', () => {
    for (const clockDue of [null, NOW - 1]) {
      const row = {
        phase: 'creating',
        clockDue,
        lifeDue: null,
        purgeTimeMs: null,
        desiredVersion: 2,
        appliedVersion: 0,
      } as const
      expect(nextStep({ ...row, awaiting: '{"state":"live"}' }, NOW)).toBe('nothing')
      expect(nextStep({ ...row, awaiting: null }, NOW)).toBe('apply')
    }
  })

  test('[MV3] [MV6] what is left of a move comes before everything that is applied, or after everything else', () => {
    const place = { cell: 'local' }
    const moving = { operation: 'op', from: place, to: { cell: 'other' } }
    const row = { phase: 'live', clockDue: null, lifeDue: null, purgeTimeMs: null, appliedVersion: 2 } as const
    const steps = (['copy', 'handOver', 'undo'] as const).map((phase) =>
      [
        { desiredVersion: 3 },
        { desiredVersion: 2 },
        { desiredVersion: 2, lifeDue: NOW },
        { desiredVersion: 2, phase: 'purging' as const },
      ].map((changes) => nextStep({ ...row, ...changes, moving: { ...moving, phase } }, NOW)),
    )
    expect(steps).toEqual([
      ['apply', 'nothing', 'retire', 'purge'],
      ['handOver', 'handOver', 'handOver', 'purge'],
      ['apply', 'undo', 'retire', 'purge'],
    ])
  })

  test('[CP13] [RC4] the wall time that people are shown purges nothing', () => {
    const row = {
      phase: 'live',
      clockDue: NOW + 1,
      lifeDue: null,
      purgeTimeMs: NOW - 1,
      desiredVersion: 2,
      appliedVersion: 2,
    } as const
    expect(nextStep(row, NOW)).toBe('wait')
  })
})

describe('the delay before a retry', () => {
  test('[RC2] doubles, is bounded, and keeps its lower half', () => {
    const low = Array.from({ length: 8 }, (_, attempt) => backOffMs(attempt, 1_000, 30_000, 0))
    const high = Array.from({ length: 8 }, (_, attempt) => backOffMs(attempt, 1_000, 30_000, 1))
    expect(low).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    expect(high).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })

  test('[RC2] is a finite number for any attempt', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const delay = backOffMs(attempt, 1_000, 300_000, random)
        expect(delay).toBeGreaterThanOrEqual(500)
        expect(delay).toBeLessThanOrEqual(300_000)
      }),
    )
  })
})

describe("a shard's time", () => {
  test('[RC4] begins at nothing, and follows the wall clock', () => {
    expect(clockAt(undefined, 5_000_000)).toBe(0)
    expect(clockAt('100 5000000', 5_000_250)).toBe(350)
  })

  test('[RC4] counts a jump ahead for a day, and a jump back for nothing', () => {
    expect(clockAt('100 5000000', 5_000_000 + 365 * MAX_CLOCK_STEP_MS)).toBe(100 + MAX_CLOCK_STEP_MS)
    expect(clockAt('100 5000000', 0)).toBe(100)
  })

  test('[RC4] never goes back, and never runs ahead of the wall clock', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10 * MAX_CLOCK_STEP_MS), { minLength: 2 }), (walls) => {
        let stored: string | undefined
        let clock = 0
        for (const wall of walls) {
          const next = clockAt(stored, wall)
          expect(next).toBeGreaterThanOrEqual(clock)
          expect(next - clock).toBeLessThanOrEqual(MAX_CLOCK_STEP_MS)
          clock = next
          stored = `${clock} ${wall}`
        }
      }),
    )
  })

  test('[RC4] is looked at again when something is due, at least daily', () => {
    expect(toWallTime(100, 350, 5_000_000)).toBe(5_000_250)
    expect(toWallTime(100, 50, 5_000_000)).toBe(5_000_000)
    expect(toWallTime(0, 30 * MAX_CLOCK_STEP_MS, 5_000_000)).toBe(5_000_000 + MAX_CLOCK_STEP_MS)
  })
})

/** Every combination, and what it needs: written down once more, on purpose in other words. */
function expected(phase: Phase, isBehind: boolean, isDue: boolean, isKept: boolean): Step {
  switch (phase) {
    case 'purged':
      return isDue ? 'forget' : 'wait'
    case 'purging':
      return 'purge'
    case 'live':
    case 'creating':
      if (isBehind) return 'apply'
      if (!isKept) return 'nothing'
      return isDue ? 'expire' : 'wait'
  }
}
