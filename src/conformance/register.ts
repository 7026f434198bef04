// Each check as one test of whatever runner calls: vitest, node:test, or another one whose `test` takes a title and a function.

import { nameOf, runCheck, type Check } from './check.ts'
import type { ConformanceOptions } from './context.ts'

export type TestFunction = (title: string, run: () => Promise<void>) => unknown

/**
 * Registers each check as one test, and one more at the end that fails unless every check ran or said why it was skipped. Tests run in
 * their order.
 *
 * @param options or where to get them once the tests run: a server that a hook starts has no address before
 * @throws TypeError when there is no check to register
 * @example
 * registerConformance(typeChecks, test, () => ({ baseUrl: server.url, key: server.operatorKey, plural: 'tallies', probe }))
 */
export function registerConformance<O extends ConformanceOptions>(
  checks: readonly Check<O>[],
  test: TestFunction,
  options: O | (() => O | Promise<O>),
): void {
  if (checks.length === 0) throw new TypeError('there is no check to register')
  const accounted = new Set<Check<O>>()
  for (const check of checks) {
    // Some runners pass a context that can skip; others take a declared parameter for a callback, so there is none.
    test(nameOf(check), async function runAsTest() {
      const outcome = await runCheck(check, typeof options === 'function' ? await options() : options)
      accounted.add(check)
      if (outcome.kind === 'failed') throw new Error(outcome.reason)
      // oxlint-disable-next-line prefer-rest-params
      if (outcome.kind === 'skipped') skipIn(arguments[0] as unknown, outcome.reason)
    })
  }
  test(`[CF2] all ${checks.length} checks were run`, async () => {
    const missing = checks.filter((check) => !accounted.has(check)).map(nameOf)
    if (missing.length > 0) throw new Error(`these checks were not run:\n${missing.join('\n')}`)
  })
}

/** @throws Error where the runner cannot skip from inside a test: a check that did not run must not look as if it had passed */
function skipIn(runner: unknown, reason: string): void {
  const { skip } = (runner ?? {}) as { readonly skip?: unknown }
  if (typeof skip !== 'function')
    throw new Error(`skipped, because ${reason}; this test runner cannot show that: take the check out of the list`)
  skip.call(runner, reason)
}
