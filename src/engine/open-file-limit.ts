// Every live object takes three file descriptors, every connection two: the usual soft limit is the first thing that a busy server
// meets. Node raises its own soft limit to the hard one at start, and the engine inherits that.

import { readFileSync } from 'node:fs'
import type { LogEntry } from './log.ts'

/** About 5,000 live objects and a few hundred clients; below it new objects fail with errors that name no cause. */
const ENOUGH = 16_384

/** The warning to give, or undefined when the limit is high enough or cannot be known. */
export function checkOpenFileLimit(limits: string = readLimits()): LogEntry | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  if (soft === undefined || Number(soft) >= ENOUGH) return undefined
  return {
    level: 'warn',
    event: 'open_file_limit',
    message:
      `only ${soft} files may be open at once: above about ${Math.floor(Number(soft) / 3)} live objects requests will fail. ` +
      `Raise the hard limit to ${ENOUGH} or more (ulimit -Hn, LimitNOFILE=).`,
  }
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    return ''
  }
}
