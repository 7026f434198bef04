// What the command line makes of what people and servers write, without a server.

import { BiplaneError } from 'biplane/client'
import { expect, onTestFinished, test } from 'vitest'
import { untilApplied } from '../../src/client/wait.ts'
import { Output } from '../../src/cli/output.ts'
import { toEngineError } from '../../src/cli/refusals.ts'
import { Table } from '../../src/cli/table.ts'
import { parsePolicy } from '../../src/cli/types.ts'
import { parseBytes, parseDuration, parsePair, parseTime } from '../../src/cli/values.ts'

test('[CM1] values are written as people write them', () => {
  expect(['90', '15m', '12h', '7d'].map(parseDuration)).toEqual([90, 900, 43_200, 604_800])
  expect(['500', '10M', '2GiB', '1k'].map(parseBytes)).toEqual([500, 10 * 1024 ** 2, 2 * 1024 ** 3, 1024])
  expect(parsePair('b=c=d', { a: '1' })).toEqual({ a: '1', b: 'c=d' })
  expect(['2026-01-31', '2026-01-31T10:00:00Z'].map(parseTime)).toEqual([
    '2026-01-31T00:00:00Z',
    '2026-01-31T10:00:00Z',
  ])
  expect(['single', 'hashed:16'].map(parsePolicy)).toEqual([{ kind: 'single' }, { kind: 'hashed', shards: 16 }])
  for (const wrong of ['', 'x', '7w', '-1']) expect(() => parseDuration(wrong)).toThrow('Expected seconds')
})

test('[CM1] columns give way to the width of a terminal, the widest first', () => {
  const table = new Table<{ a: string; b: number }>(
    [
      { title: 'A', value: ({ a }) => a },
      { title: 'B', value: ({ b }) => b, align: 'right' },
    ],
    20,
  )
  expect(
    table.lines([
      { a: 'x'.repeat(40), b: 1 },
      { a: '語'.repeat(10), b: 22_000 },
    ]),
  ).toEqual(['A                  B', 'xxxxxxxxxxxx…      1', '語語語語語語…  22000'])
  expect(table.lines([{ a: 'later', b: 3 }])).toEqual(['later              3'])
})

test('[CM5] [CM2] a refusal is one line of plain text, whatever the server says', () => {
  const detail = 'The name "\u001B[2J" is taken.\n  fix: rm -rf ~'
  expect(toEngineError(new BiplaneError({ code: 'already_exists', status: 409, detail })).message).toBe(
    'the server refused it: already_exists (409)\n  why: The name "\uFFFD[2J" is taken.\uFFFD  fix: rm -rf ~\n' +
      '  fix: Choose another --name, or use the one that is there.',
  )
})

test('[CM2] [CL6] what was waited for in vain is named, and is not to be repeated', async () => {
  const seen: string[] = []
  const recorded = {
    id: 'wiki-4k7t0qj9m2xdpw3r-pdx-1vhz01ab',
    cell: 'pdx',
    state: 'creating',
    desired_version: 1,
  } as const
  const waited = untilApplied(() => Promise.reject(new Error('not asked')), recorded, {
    waitMs: 1,
    onProgress: ({ id, state }) => seen.push(`${id} ${state}`),
    isDeletion: false,
  })
  const failure: unknown = await waited.catch((thrown: unknown) => thrown)
  expect(seen).toEqual([`${recorded.id} creating`])
  const { message } = toEngineError(failure as BiplaneError)
  expect(message).toContain(
    `fix: Do not repeat it: it goes on by itself. Look with: biplane resources get ${recorded.id}`,
  )
  expect(message).not.toContain('not known')
})

async function* halfAPage(): AsyncGenerator<{
  readonly data: readonly object[]
  readonly unreachable: readonly string[]
}> {
  yield { data: [], unreachable: ['control-plane-wiki-h1'] }
}

test('[CM4] a list of which a part is missing says so, and ends with 1', async () => {
  onTestFinished(() => {
    process.exitCode = undefined
  })
  const notes: string[] = []
  const out = new Output(true)
  out.note = (line) => void notes.push(line)
  await out.list({ pages: halfAPage }, [])
  expect(notes).toEqual([expect.stringContaining('control-plane-wiki-h1')])
  expect(process.exitCode).toBe(1)
})
