// What is said when the server does something that the model does not allow.

import { inspect, isDeepStrictEqual } from 'node:util'

export class Violation extends Error {
  override readonly name = 'Violation'
}

/** @param rule of SPEC.md @throws Violation unless both are equal in all their members */
export function agree(rule: string, what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Violation(`[${rule}] ${what}: ${show(actual)}, and the model says ${show(expected)}`)
}

/** @throws Violation unless the condition holds */
export function require(rule: string, what: string, condition: boolean): asserts condition {
  if (!condition) throw new Violation(`[${rule}] ${what}`)
}

function show(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: 160, maxArrayLength: 20, maxStringLength: 1_000 })
}
