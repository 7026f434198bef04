// Which process a number means. A pid alone is reused; with the time at which the process started it names one process for ever
// (until the next boot, which ends them all and changes the boot id that is part of the start mark).

import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'

export interface ProcessIdentity {
  readonly pid: number
  /** Opaque; equal for the same process only. */
  readonly started: string
}

/** Identity of a running process, or undefined when there is none. A zombie counts as none: it holds nothing any more. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = process.platform === 'linux' ? startMarkOfProc(pid) : startMarkOfPs(pid)
  return started === undefined ? undefined : { pid, started }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started
}

/** This very process. */
export function identifySelf(): ProcessIdentity {
  return identify(process.pid) ?? { pid: process.pid, started: 'unknown' }
}

/** State letters of a process's threads (`R`, `S`, `T` ...), empty when they cannot be read. */
export function threadStates(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => statOf(`/proc/${pid}/task/${thread}/stat`)[0] ?? '')
  } catch {
    return []
  }
}

/**
 * Kills a process and resolves once it is gone. For processes that are not our children: those have an exit event.
 * Looks every 10 ms: the kernel needs about that long to end a process with a large heap, and nothing else tells a stranger.
 */
export async function killAndWait(identity: ProcessIdentity): Promise<void> {
  while (isAlive(identity)) {
    try {
      process.kill(identity.pid, 'SIGKILL')
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Pids of running processes that have `argument` on their command line. Linux only; elsewhere none. */
export function findByArgument(argument: string): number[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(argument)
      } catch {
        return false
      }
    })
    .map(Number)
}

/** Fields 3 and later of a stat line; the second one, the command in brackets, may itself contain spaces and brackets. */
function statOf(path: string): string[] {
  const line = readFileSync(path, 'utf8')
  return line.slice(line.lastIndexOf(')') + 2).split(' ')
}

function startMarkOfProc(pid: number): string | undefined {
  try {
    const fields = statOf(`/proc/${pid}/stat`)
    // Field 3 is the state, field 22 the start time in clock ticks since boot (proc(5)).
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`
  } catch {
    return undefined
  }
}

function startMarkOfPs(pid: number): string | undefined {
  try {
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim() || undefined
    )
  } catch {
    return undefined
  }
}
