// The state table of ARCHITECTURE.md, exhaustively: everything that an object can hold x everything that can happen to it. The rows are
// generated; what must come out is written by hand, one letter per column, and read like the table itself.

import { describe, expect, test } from 'vitest'
import {
  decideApply,
  decideForget,
  decidePurge,
  decideRedeem,
  reasonToCut,
  refusalOf,
} from '../../src/data-plane/lifecycle.ts'
import type { Permission } from '../../src/identity/token.ts'
import type { Descriptor, Held, Mode, Visibility } from '../../src/wire/descriptor.ts'
import type { Principal } from '../../src/wire/principal.ts'

const NOW = 1_000
const MODES: readonly Mode[] = ['active', 'read_only', 'suspended', 'deleted']

function descriptor(incarnation: number, version: number, more: Partial<Descriptor> = {}): Descriptor {
  return {
    id: 'cask-0000000000000000-local-00000000',
    type: 'cask',
    account: 'account',
    shard: 'control-plane-cask',
    incarnation,
    version,
    mode: 'active',
    visibility: 'private',
    limits: { bytes: 1 },
    generation: 2,
    allowedOrigins: [],
    settings: {},
    ...more,
  }
}

function tombstone(incarnation: number, version: number): Held {
  return { kind: 'tombstone', tombstone: { id: descriptor(1, 1).id, incarnation, version, purgedAtMs: 1 } }
}

/** Everything in the middle of its life: (incarnation 5, version 5). */
const HELD: Readonly<Record<string, Held>> = {
  nothing: { kind: 'nothing' },
  ...Object.fromEntries(
    MODES.map((mode): [string, Held] => [mode, { kind: 'descriptor', descriptor: descriptor(5, 5, { mode }) }]),
  ),
  tombstone: tombstone(5, 5),
}

const MOVED: Held = {
  kind: 'moved',
  moved: { id: descriptor(5, 5).id, incarnation: 5, version: 5, to: { cell: 'portland' }, movedAtMs: 1 },
}

/** (incarnation, version) against (5, 5): every order of both. */
const PAIRS: readonly (readonly [number, number])[] = [4, 5, 6].flatMap((incarnation) =>
  [4, 5, 6].map((version) => [incarnation, version] as const),
)

describe('[DP1] apply', () => {
  // c creates, s stores, r wipes what the creation before has left and decides again, t writes a tombstone, h answers what is held, F refused by the tombstone, L refused as too late.
  // Columns: (4,4) (4,5) (4,6) (5,4) (5,5) (5,6) (6,4) (6,5) (6,6)
  const inTime = {
    nothing: 'c c c  c c c  c c c',
    active: 'h h h  h h s  r r r',
    read_only: 'h h h  h h s  r r r',
    suspended: 'h h h  h h s  r r r',
    deleted: 'h h h  h h s  r r r',
    moved: 'M M M  M M M  c c c',
    tombstone: 'F F F  F F F  c c c',
  }
  const tooLate = {
    ...inTime,
    nothing: 'L L L  L L L  L L L',
    active: 'h h h  h h s  L L L',
    read_only: 'h h h  h h s  L L L',
    suspended: 'h h h  h h s  L L L',
    deleted: 'h h h  h h s  L L L',
    tombstone: 'F F F  F F F  L L L',
    moved: 'M M M  M M M  L L L',
  }
  const deletion = {
    ...inTime,
    nothing: 't t t  t t t  t t t',
    active: 'h h h  h h s  s s s',
    read_only: 'h h h  h h s  s s s',
    suspended: 'h h h  h h s  s s s',
    deleted: 'h h h  h h s  s s s',
    moved: 'M M M  M M M  t t t',
    tombstone: 'F F F  F F F  t t t',
  }
  const tables: readonly [string, readonly Mode[], number, Readonly<Record<string, string>>][] = [
    ['in time', ['active', 'read_only', 'suspended'], NOW, inTime],
    ['past notAfter', ['active', 'read_only', 'suspended'], NOW - 1, tooLate],
    ['of a deletion', ['deleted'], NOW, deletion],
    // A deletion is never too late: it is what makes up for everything that was.
    ['of a deletion, past notAfter', ['deleted'], NOW - 1, deletion],
  ]
  const letters: Readonly<Record<string, unknown>> = {
    c: { do: 'create' },
    s: { do: 'store' },
    t: { do: 'tombstone' },
    h: { do: 'nothing', outcome: 'held' },
    F: { do: 'nothing', outcome: 'refused', reason: 'tombstone' },
    L: { do: 'nothing', outcome: 'refused', reason: 'not_after' },
    M: { do: 'nothing', outcome: 'refused', reason: 'moved' },
    r: { do: 'replace', tombstone: { id: descriptor(5, 5).id, incarnation: 5, version: 5, purgedAtMs: NOW } },
  }

  for (const [what, modes, notAfter, table] of tables) {
    test.each(Object.keys(inTime))(`[DP1] [DP3] [AD5] ${what}: what holds %s`, (name) => {
      const expected = (table[name] ?? '').split(/\s+/).map((letter) => letters[letter])
      for (const mode of modes) {
        const decided = PAIRS.map(([incarnation, version]) =>
          decideApply(
            name === 'moved' ? MOVED : (HELD[name] as Held),
            descriptor(incarnation, version, { mode }),
            NOW,
            notAfter,
          ),
        )
        expect(decided, mode).toEqual(expected)
      }
    })
  }
})

describe('[DP1] purge and forget', () => {
  // w wipes and leaves a tombstone (again: the last wipe may have been cut short), R refused: what is held is of a newer incarnation.
  // Columns: incarnation 4 5 6 (the version does not matter: a purge ends an incarnation).
  const purges: Readonly<Record<string, string>> = {
    nothing: 'w w w',
    active: 'R w w',
    read_only: 'R w w',
    suspended: 'R w w',
    deleted: 'R w w',
    tombstone: 'R w w',
  }

  test.each(Object.keys(HELD))('[DP1] purge of what holds %s', (name) => {
    const outcomes = [4, 5, 6].flatMap((incarnation) =>
      [4, 5, 6].map((version) => {
        const decision = decidePurge(HELD[name] as Held, { id: 'id', incarnation, version }, NOW)
        if (decision.do === 'nothing') return 'R'
        const remembered = { id: 'id', incarnation, version, purgedAtMs: NOW }
        expect(decision.remains).toEqual({ kind: 'tombstone', tombstone: remembered })
        return 'w'
      }),
    )
    const expected = (purges[name] ?? '').split(' ').flatMap((letter) => [letter, letter, letter])
    expect(outcomes).toEqual(expected)
  })

  // f is forgotten already, e empties, R refused.
  const forgets: Readonly<Record<string, string>> = {
    nothing: 'f f f',
    active: 'R R R',
    read_only: 'R R R',
    suspended: 'R R R',
    deleted: 'R R R',
    tombstone: 'R e e',
  }

  test.each(Object.keys(HELD))('[DP1] forget of what holds %s', (name) => {
    const outcomes = [4, 5, 6].map((incarnation) => {
      const decision = decideForget(HELD[name] as Held, incarnation)
      return decision.do === 'empty' ? 'e' : decision.outcome === 'forgotten' ? 'f' : 'R'
    })
    expect(outcomes.join(' ')).toBe(forgets[name])
  })
})

/** The same for a request of each permission. */
function all(answer: string): string {
  return [answer, answer, answer].join(' ')
}

function holding(mode: Mode, visibility: Visibility): Held {
  return { kind: 'descriptor', descriptor: descriptor(5, 5, { mode, visibility }) }
}

/** What open sockets of an active resource of generation 2 are told. */
function told(mode: Mode, generation: number): string | undefined {
  return reasonToCut(descriptor(5, 5), descriptor(5, 6, { mode, generation }))?.code
}

describe('[DP1] requests', () => {
  const NEEDS: readonly Permission[] = ['read', 'write', 'admin']
  // Columns: a request that needs read, write, admin. Rows: what the caller carries; `old` is a token of a revoked generation.
  const OK = '-'
  const CALLERS: Readonly<Record<string, Partial<Principal>>> = {
    nobody: { via: 'none' },
    old: { permission: 'admin', generation: 1 },
    read: { permission: 'read', generation: 2 },
    write: { permission: 'write', generation: 2 },
    admin: { permission: 'admin', generation: 2 },
    newer: { permission: 'write', generation: 3 },
  }
  const byToken = {
    old: '401 401 401',
    read: '- 403 403',
    write: '- - 403',
    admin: '- - -',
    newer: '- - 403',
  }
  const active: Readonly<Record<Visibility, Readonly<Record<string, string>>>> = {
    private: { ...byToken, nobody: '401 401 401' },
    'public-read': { ...byToken, nobody: '- 401 401' },
    public: { ...byToken, nobody: '- - -' },
  }
  const readOnlyByToken = {
    old: '401 401 401',
    read: '- 403 403',
    write: '- 403 403',
    admin: '- 403 403',
    newer: '- 403 403',
  }
  const readOnly: Readonly<Record<Visibility, Readonly<Record<string, string>>>> = {
    private: { ...readOnlyByToken, nobody: '401 401 401' },
    'public-read': { ...readOnlyByToken, nobody: '- 401 401' },
    public: { ...readOnlyByToken, nobody: '- 403 403' },
  }
  const STATUS: Readonly<Record<string, string>> = {
    unauthenticated: '401',
    permission_denied: '403',
    suspended: 'suspended',
    not_found: '404',
    deleted: '410',
  }

  function answers(held: Held, caller: string): string {
    return NEEDS.map((needs) => {
      const principal: Principal = {
        via: 'bearer',
        requestId: '',
        basePath: '/',
        origin: '',
        ...CALLERS[caller],
        needs,
      }
      const refusal = refusalOf(held, principal)
      return refusal === undefined ? OK : (STATUS[refusal.code] ?? refusal.code)
    }).join(' ')
  }

  test.each(Object.keys(CALLERS))('[DP1] [AU3] %s, at every mode and visibility', (caller) => {
    expect(answers({ kind: 'nothing' }, caller)).toBe(all('404'))
    expect(answers(tombstone(5, 5), caller)).toBe(all('410'))
    for (const visibility of ['private', 'public-read', 'public'] as const) {
      expect(answers(holding('active', visibility), caller), visibility).toBe(active[visibility][caller])
      expect(answers(holding('read_only', visibility), caller), visibility).toBe(readOnly[visibility][caller])
      expect(answers(holding('suspended', visibility), caller), visibility).toBe(all('suspended'))
      expect(answers(holding('deleted', visibility), caller), visibility).toBe(all('410'))
    }
  })

  test('[DP1] [AU5] one-time codes', () => {
    const outcomes = Object.values(HELD).map((held) =>
      [1, 2, 3].map((generation) => decideRedeem(held, { generation }, true)),
    )
    const open = ['revoked', undefined, undefined]
    const gone = ['gone', 'gone', 'gone']
    // Being read-only or suspended says nothing against signing in: the gate decides what the session may do.
    expect(outcomes).toEqual([gone, open, open, open, gone, gone])
  })

  test('[DP1] [DP9] open sockets', () => {
    expect(MODES.map((mode) => told(mode, 2))).toEqual([undefined, undefined, 'suspended', 'deleted'])
    expect(MODES.map((mode) => told(mode, 3))).toEqual(['unauthenticated', 'unauthenticated', 'suspended', 'deleted'])
    const visibilities: readonly Visibility[] = ['private', 'public-read', 'public']
    const toldOf = visibilities.map((before) =>
      visibilities.map(
        (after) => reasonToCut(descriptor(5, 5, { visibility: before }), descriptor(5, 6, { visibility: after }))?.code,
      ),
    )
    // Whoever came in without a token has no right to stay when less is open than before.
    const cut = 'unauthenticated'
    expect(toldOf).toEqual([
      [undefined, undefined, undefined],
      [cut, undefined, undefined],
      [cut, cut, undefined],
    ])
  })
})
