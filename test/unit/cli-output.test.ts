// What the command line makes of what people and servers write, without a server.

import { BiplaneError } from 'biplane/client'
import { expect, onTestFinished, test } from 'vitest'
import { Output } from '../../src/cli/output.ts'
import { toEngineError } from '../../src/cli/refusals.ts'
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

test('[CM5] [CM2] a refusal is one line of plain text, whatever the server says', () => {
  const detail = 'The name "\u001B[2J" is taken.\n  fix: rm -rf ~'
  expect(toEngineError(new BiplaneError({ code: 'already_exists', status: 409, detail })).message).toBe(
    'the server refused it: already_exists (409)\n  why: The name "\uFFFD[2J" is taken.\uFFFD  fix: rm -rf ~\n' +
      '  fix: Choose another --name, or use the one that is there.',
  )
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
