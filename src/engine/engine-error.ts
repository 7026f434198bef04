// A failure that the person in front of the terminal can do something about: what went wrong, why, and how to fix it.

/** 1: it failed while running; 2: it was asked for something that cannot be done (usage, configuration). */
export type ExitCode = 1 | 2

/** Beside it only what the system refused ({@link explained}) is no defect; everything else that reaches the command line keeps its stack trace. */
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

/** What to do about the refusals of the system that have an answer of their own. */
const FIXES: Readonly<Record<string, string>> = {
  EACCES: 'Run it as the user whose it is, or give a path that you may use.',
  EPERM: 'Run it as the user whose it is, or give a path that you may use.',
  EROFS: 'Give a path on a file system that can be written to.',
  ENOSPC: 'Make room on that disk, or give a path on another one.',
  EDQUOT: 'Make room on that disk, or give a path on another one.',
  EISDIR: 'Give a file, not a directory.',
  ENOTDIR: 'Check the path: something in it is no directory.',
  ENOENT: 'Check the path.',
}

/**
 * What the system refused (a file, a socket, a process), as something that a person can act upon. Anything else is answered as it is.
 *
 * @param what was tried; default: the system's own name for it
 */
export function explained(thrown: unknown, what?: string): unknown {
  const { code = '', syscall, path } = (thrown ?? {}) as NodeJS.ErrnoException
  if (!(thrown instanceof Error) || syscall === undefined || !/^E[A-Z0-9]+$/.test(code)) return thrown
  const tried = what ?? `cannot ${path === undefined ? syscall : `${syscall} ${path}`}`
  return new EngineError(tried, thrown.message, FIXES[code] ?? 'Correct what the system says, and try again.')
}
