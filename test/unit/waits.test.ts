import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Waits } from '../../src/engine/waits.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

test('[CE23] what a restored cell waits for is said when it is news, and every minute for as long as it lasts', () => {
  const said: string[] = []
  const waits = new Waits((reasons) => said.push(reasons))
  waits.add('wiki', 'running', '3 of 9.')
  expect(said).toEqual([])
  waits.add('ledger', 'unavailable', 'The root cell is down.')
  waits.add('sheet', 'unavailable', 'The root cell is down.')
  waits.add('ledger', 'unavailable', 'The root cell is down.')
  expect(said.splice(0)).toEqual(['wiki: 3 of 9. ledger: The root cell is down.'])
  vi.advanceTimersByTime(60_000)
  expect(said.splice(0)).toEqual(['wiki: 3 of 9. ledger, sheet: The root cell is down.'])
  waits.remove('ledger')
  waits.remove('sheet')
  vi.advanceTimersByTime(60_000)
  expect(said.splice(0)).toEqual(['wiki: 3 of 9.'])
  waits.remove('wiki')
  vi.advanceTimersByTime(60_000)
  waits.add('wiki', 'failed', 'One of them.')
  waits.end()
  vi.advanceTimersByTime(60_000)
  expect(said).toEqual(['wiki: One of them.'])
})
