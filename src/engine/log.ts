// What the engine has to say, as data; the command line decides whether it becomes text or JSON lines.

export type LogLevel = 'info' | 'warn' | 'error'

export interface LogEntry {
  readonly level: LogLevel
  /** A stable word for programs: `engine_ready`, `engine_exited` ... */
  readonly event: string
  readonly message: string
  /** The engine process that it is about, or that said it. */
  readonly process?: string
  /** Of a server with several cells: whose it is. */
  readonly cell?: string
  readonly [detail: string]: unknown
}

export type Log = (entry: LogEntry) => void

/** One line of JSON per entry, with the time. */
export function toJsonLine(entry: LogEntry): string {
  return JSON.stringify({ time: new Date().toISOString(), ...entry })
}

/** One line of text per entry. */
export function toTextLine(entry: LogEntry): string {
  const level = entry.level === 'info' ? '' : `${entry.level}: `
  const of = [entry.cell, entry.process].filter((word) => word !== undefined).join(' ')
  return of === '' ? `${level}${entry.message}` : `[${of}] ${level}${entry.message}`
}
