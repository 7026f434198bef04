import { expect, test } from 'vitest'
import { Admission } from '../../src/control-plane/admission/admission.ts'
import { Slots } from '../../src/control-plane/admission/slots.ts'
import type { Caller } from '../../src/wire/planes.ts'

const LONG_MS = 60_000

test('[OP3] while others use the shard, two changes of an account are under way at a time, in the order of arrival', async () => {
  const slots = new Slots(() => true)
  const log: string[] = []
  const change = async (name: string): Promise<() => void> => {
    const leave = await slots.take('a', LONG_MS, LONG_MS)
    log.push(name)
    return () => leave?.()
  }
  const [first, second] = await Promise.all([change('1'), change('2')])
  const third = change('3')
  const fourth = change('4')
  const other = await slots.take('b', LONG_MS, LONG_MS)
  expect(other).toBeDefined()
  expect(log).toEqual(['1', '2'])
  first()
  // Leaving twice frees one slot.
  first()
  await third
  expect(log).toEqual(['1', '2', '3'])
  second()
  await fourth
  expect(log).toEqual(['1', '2', '3', '4'])
})

test('[OP3] an object that hangs gives up its slot, and whoever waits for too long goes without', async () => {
  const slots = new Slots(() => true)
  await Promise.all([slots.take('a', LONG_MS, 30), slots.take('a', LONG_MS, LONG_MS)])
  expect(await slots.take('a', 1, LONG_MS)).toBeUndefined()
  expect(await slots.take('a', LONG_MS, LONG_MS)).toBeDefined()
})

test('[OP3] an account that is alone does not wait', async () => {
  const slots = new Slots(() => false)
  const leaves = await Promise.all(Array.from({ length: 50 }, () => slots.take('a', 1, LONG_MS)))
  expect(leaves.every((leave) => leave !== undefined)).toBe(true)
})

test('[OP3] others use a shard for ten seconds after they asked', () => {
  const admission = new Admission(() => {})
  const ask = (account: string, nowMs: number): void =>
    admission.enter('get', { account, role: 'admin' } as unknown as Caller, nowMs)()
  ask('a', 0)
  expect(admission.isShared('a', 0)).toBe(false)
  ask('b', 0)
  ask('b', 1)
  ask('a', 2)
  expect(admission.isShared('a', 9_999)).toBe(true)
  expect(admission.isShared('a', 10_001)).toBe(false)
  expect(admission.isShared('c', 9_999)).toBe(true)
})
