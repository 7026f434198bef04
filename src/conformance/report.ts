// Running checks without a test runner, and what came of it.

import { nameOf, runCheck, type Check } from './check.ts'
import type { ConformanceOptions } from './context.ts'

export interface CheckName {
  readonly id: string
  readonly title: string
}

/** What came of each check that there was: `count` is the sum of the three, and the number of the checks given. */
export interface ConformanceReport {
  readonly passed: readonly CheckName[]
  readonly failed: readonly (CheckName & { readonly reason: string })[]
  readonly skipped: readonly (CheckName & { readonly reason: string })[]
  readonly count: number
}

/**
 * Runs checks one after the other; each purges what it made.
 *
 * @throws TypeError when there is none to run: a run that checked nothing is no success
 */
export async function runChecks<O extends ConformanceOptions>(
  checks: readonly Check<O>[],
  options: O,
): Promise<ConformanceReport> {
  if (checks.length === 0) throw new TypeError('there is no check to run')
  const passed: CheckName[] = []
  const failed: (CheckName & { reason: string })[] = []
  const skipped: (CheckName & { reason: string })[] = []
  for (const check of checks) {
    const { id, title } = check
    const outcome = await runCheck(check, options)
    if (outcome.kind === 'passed') passed.push({ id, title })
    else (outcome.kind === 'failed' ? failed : skipped).push({ id, title, reason: outcome.reason })
  }
  return { passed, failed, skipped, count: checks.length }
}

/** For people: what failed and why, what was skipped and why, and the numbers. */
export function formatReport({ passed, failed, skipped, count }: ConformanceReport): string {
  return [
    ...failed.map((check) => block('FAILED ', check)),
    ...skipped.map((check) => block('skipped', check)),
    `${count} checks: ${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped\n`,
  ].join('')
}

function block(mark: string, check: CheckName & { readonly reason: string }): string {
  return `${mark} ${nameOf(check)}\n${check.reason.replaceAll(/^/gm, '    ')}\n`
}
