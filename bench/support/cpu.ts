// CPU time of server processes as the kernel counts it, all threads together.

import { readFileSync } from 'node:fs'

/** USER_HZ, which Linux fixes for /proc whatever the kernel's own rate is (proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100
/** Fields 14 and 15 of /proc/PID/stat, counted from behind the command's closing parenthesis. */
const USER_FIELD = 11
const SYSTEM_FIELD = 12

export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + (Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD])) / TICKS_PER_SECOND
  }, 0)
}
