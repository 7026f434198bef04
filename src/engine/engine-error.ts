// A failure that the person in front of the terminal can do something about: what went wrong, why, and how to fix it.

/** 1: it failed while running; 2: it was asked for something that cannot be done (usage, configuration). */
export type ExitCode = 1 | 2

/** Recognised by `what`; everything else that reaches the command line is a defect and keeps its stack trace. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly what: string
  readonly why: string
  readonly fix: string
  readonly exitCode: ExitCode

  constructor(what: string, why: string, fix: string, exitCode: ExitCode = 1) {
    super(`${what}\n  why: ${why}\n  fix: ${fix}`)
    this.what = what
    this.why = why
    this.fix = fix
    this.exitCode = exitCode
  }
}

/** The message of anything thrown, for the `why` of an {@link EngineError}. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** The `code` of a system error such as `ENOENT`, or undefined. */
export function codeOf(thrown: unknown): string | undefined {
  return (thrown as { code?: string } | null)?.code
}
