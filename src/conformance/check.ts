// A check is data with a function: which rule of SPEC.md it holds a deployment to, and how. Any test runner can run one, and so can none.

import { openContext, Skipped, type CheckContext, type ConformanceOptions } from './context.ts'

/** Holds a running deployment to one rule. */
export interface Check<O extends ConformanceOptions = ConformanceOptions> {
  /** The rule of SPEC.md; several checks may be about one. */
  readonly id: string
  /** Unlike that of any other check. */
  readonly title: string
  /** The option without which it cannot run, and is skipped. */
  readonly needs?: 'restart' | 'kill'
  /** @throws Error that says what was asked, what the rule expects, and what came */
  readonly run: (context: CheckContext<O>) => Promise<void>
}

/** `[CP3] one key and body make one resource`: how a check is called wherever it is shown. */
export function nameOf({ id, title }: Pick<Check, 'id' | 'title'>): string {
  return `[${id}] ${title}`
}

export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'skipped'; readonly reason: string }

/** Runs one check and purges what it made, whatever became of it. Never throws. */
export async function runCheck<O extends ConformanceOptions>(check: Check<O>, options: O): Promise<Outcome> {
  const { needs } = check
  if (needs !== undefined && typeof Reflect.get(options, needs) !== 'function')
    return { kind: 'skipped', reason: `it needs the option \`${needs}\`` }
  const context = openContext(options)
  const outcome = await attempt(check, context)
  const left = await context.cleanUp()
  if (left.length === 0 || outcome.kind === 'failed') return outcome
  return { kind: 'failed', reason: `what it made could not be purged:\n${left.join('\n')}` }
}

async function attempt<O extends ConformanceOptions>(check: Check<O>, context: CheckContext<O>): Promise<Outcome> {
  try {
    await check.run(context)
    return { kind: 'passed' }
  } catch (thrown) {
    if (thrown instanceof Skipped) return { kind: 'skipped', reason: thrown.message }
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    return { kind: 'failed', reason: `${reason}\nrule     ${check.id} of SPEC.md` }
  }
}
