import { expect, test } from 'vitest'
import { Admission } from '../../src/control-plane/admission/admission.ts'
import type { Caller } from '../../src/wire/planes.ts'

const ACCOUNT: Caller = { account: 'a', role: 'admin', limits: {}, policyEpoch: 1, requestId: 'r' }
const OPERATOR: Caller = { ...ACCOUNT, role: 'operator' }

test('[OP3] what an operator does for an account is not limited, and does not lock it out afterwards', () => {
  const admission = new Admission(() => {})
  for (let call = 0; call < 10_000; call++) admission.enter('update', OPERATOR, 0)()
  expect(() => admission.enter('get', ACCOUNT, 0)).toThrow('too much')
  for (let call = 0; call < 20; call++) admission.enter('get', ACCOUNT, 100)()
  expect(() => admission.enter('get', ACCOUNT, 100)).toThrow('too much')
})

test('[OP3] a call that has ended makes room for another one', () => {
  const admission = new Admission(() => {})
  const leaving = Array.from({ length: 64 }, () => admission.enter('create', ACCOUNT, 0))
  expect(() => admission.enter('create', ACCOUNT, 0)).toThrow('too much')
  admission.enter('create', { ...ACCOUNT, account: 'b' }, 0)()
  leaving[0]?.()
  admission.enter('create', ACCOUNT, 0)()
})

test('[OP3] what is answered at once is answered while all creations wait for a data plane that is away', () => {
  const admission = new Admission(() => {})
  for (let call = 0; call < 256; call++) admission.enter('create', { ...ACCOUNT, account: `a${call % 8}` }, 0)
  expect(() => admission.enter('create', { ...ACCOUNT, account: 'b' }, 0)).toThrow('too much')
  admission.enter('list', { ...ACCOUNT, account: 'b' }, 0)()
  admission.enter('get', { ...ACCOUNT, account: 'a1' }, 0)()
})
