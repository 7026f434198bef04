// Waiting until nothing is unfinished any more, as the operator's figures tell it.

import { setTimeout as wait } from 'node:timers/promises'
import type { TestServer } from '../support/server.ts'
import { Violation } from './violation.ts'

const QUIET_WITHIN_MS = 30_000
/** Work that waits for a time of its own: the purge of what was deleted, the end of a tombstone. */
const TIMERS = /kind="(expire|forget)"/

/** @throws Violation when there is work that does not come to its end */
export async function quiet(server: TestServer): Promise<void> {
  const end = performance.now() + QUIET_WITHIN_MS
  for (;;) {
    const unfinished = await unfinishedWork(server)
    if (unfinished.length === 0) return
    if (performance.now() > end) throw new Violation(`[RC1] work does not come to its end:\n${unfinished.join('\n')}`)
    await wait(100)
  }
}

/** Lines of `/metrics`. */
async function unfinishedWork(server: TestServer): Promise<string[]> {
  const headers = { 'x-account': 'anybody', 'x-role': 'operator' }
  const response = await fetch(`${server.url}/metrics`, { headers }).catch(() => undefined)
  if (response?.status !== 200) return [`/metrics is answered ${response?.status ?? 'not at all'}`]
  return (await response.text()).split('\n').filter((line) => {
    const value = Number(line.split(' ').at(-1))
    if (line.startsWith('biplane_shard_up{')) return value !== 1
    if (line.startsWith('biplane_work_due{')) return value !== 0
    return line.startsWith('biplane_work_items{') && !TIMERS.test(line) && value !== 0
  })
}
