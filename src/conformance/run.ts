// The two runs, without a test runner.

import type { ConformanceOptions } from './context.ts'
import { controlPlaneChecks } from './control/checks.ts'
import { runChecks, type ConformanceReport } from './report.ts'
import { typeChecks } from './type/checks.ts'
import type { TypeConformanceOptions } from './type/probed.ts'

/**
 * Holds a running deployment's control plane to the rules of SPEC.md, on one of its types. It makes ten resources at
 * most at a time, with random names, touches no others, and purges them.
 *
 * @example
 * const report = await runControlPlaneConformance({ baseUrl: 'http://127.0.0.1:8787', key, plural: 'tallies' })
 * if (report.failed.length > 0) console.error(formatReport(report))
 */
export function runControlPlaneConformance(options: ConformanceOptions): Promise<ConformanceReport> {
  return runChecks(controlPlaneChecks, options)
}

/**
 * Holds a resource type to the rules of SPEC.md: what its content must be like through writes, modes, deletion, and, given `restart` and
 * `kill`, the end of the engine's processes.
 *
 * @example
 * const probe = textProbe({ write: 'POST entries', read: 'entries', appends: true })
 * const report = await runTypeConformance({ baseUrl: 'http://127.0.0.1:8787', key, plural: 'ledgers', probe })
 */
export function runTypeConformance(options: TypeConformanceOptions): Promise<ConformanceReport> {
  return runChecks(typeChecks, options)
}
