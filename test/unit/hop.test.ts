import { describe, expect, test } from 'vitest'
import { HopSigner, formatPlace, parsePlace, type Hop } from '../../src/wire/hop.ts'

const KEY = Buffer.alloc(32, 7).toString('base64url')
const HOP: Hop = { kind: 'request', place: { cell: 'weur' }, requestId: 'r-1', subject: '192.0.2.7' }
const NOW_MS = 1_800_000_000_000

describe('a hop', () => {
  test('[CE21] says what was signed', async () => {
    const signer = new HopSigner(KEY)
    for (const hop of [
      HOP,
      { ...HOP, subject: '' },
      { ...HOP, kind: 'follow', place: { cell: 'pdx', renamed: true } },
    ] as Hop[])
      expect(await signer.verify(await signer.sign(hop, NOW_MS), NOW_MS)).toEqual(hop)
  })

  test('[CE21] counts for a minute, whichever clock is ahead', async () => {
    const signer = new HopSigner(KEY)
    const header = await signer.sign(HOP, NOW_MS)
    for (const [ageMs, isGood] of [
      [59_000, true],
      [-59_000, true],
      [62_000, false],
      [-62_000, false],
    ] as const)
      expect((await signer.verify(header, NOW_MS + ageMs)) !== 'stale', `${ageMs}`).toBe(isGood)
  })

  test('[CE21] is believed only as it was signed, and by its own deployment', async () => {
    const signer = new HopSigner(KEY)
    const header = await signer.sign(HOP, NOW_MS)
    const [kind, time, place, requestId, subject, mac = ''] = header.split(' ')
    const forged = [
      '',
      ' ',
      'request',
      header.slice(1),
      `${header} `,
      `${header}x`,
      [kind, time, 'enam', requestId, subject, mac].join(' '),
      ['call', time, place, requestId, subject, mac].join(' '),
      ['follow', time, place, requestId, subject, mac].join(' '),
      [kind, time, place, 'other', subject, mac].join(' '),
      [kind, time, place, requestId, '192.0.2.8', mac].join(' '),
      [kind, `${Number(time) + 1}`, place, requestId, subject, mac].join(' '),
      [kind, 'NaN', place, requestId, subject, mac].join(' '),
      [kind, time, place, requestId, subject, mac.slice(0, -1)].join(' '),
      [kind, time, place, requestId, subject, '*'.repeat(43)].join(' '),
      [kind, time, place, requestId, subject, 'more', mac].join(' '),
    ]
    for (const text of forged) expect(await signer.verify(text, NOW_MS), text).toBeUndefined()
    expect(await new HopSigner(Buffer.alloc(32, 8).toString('base64url')).verify(header, NOW_MS)).toBeUndefined()
  })

  test('[CE21] writes a place in one way', () => {
    for (const place of [{ cell: 'weur' }, { cell: 'weur', renamed: true }] as const)
      expect(parsePlace(formatPlace(place))).toEqual(place)
  })
})
