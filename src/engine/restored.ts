// A data directory that was made from a backup. In a deployment of several cells the others have gone on since: resources have moved, ended,
// been closed to somebody. Until its objects know that, none of them is served; the server sees to it by itself, at its first start.

import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { OperationJson } from '../wire/operation.ts'
import type { DataDirectory } from './data-directory.ts'
import { reasonOf } from './engine-error.ts'
import { fetchFrom } from './local-server.ts'
import type { Log } from './log.ts'

/** In the data directory, from `biplane restore` on until it is as the others know it. Who removes it serves it as it is. */
export const RESTORED_FILE = 'restored'

export function isRestored({ path }: Pick<DataDirectory, 'path'>): boolean {
  return existsSync(join(path, RESTORED_FILE))
}

export function forgetRestored({ path }: Pick<DataDirectory, 'path'>): void {
  rmSync(join(path, RESTORED_FILE), { force: true })
}

/** Between two looks at something that takes as long as there are resources. */
const POLL_MS = 250
/** Between two attempts: what is asked may be a cell that is down. */
const RETRY_MS = 2_000

/** What the running server is asked by, and for. */
export interface Restored {
  readonly cell: string
  readonly url: string
  readonly publicUrl: string
  readonly operatorKey: () => string
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Has the cell told what has happened since its backup; resolves when all that could be told was, as long as that takes.
 *
 * @throws the signal's reason when the server ends before
 */
export async function catchUp(restored: Restored): Promise<void> {
  const { cell, log } = restored
  const { data } = await patiently(restored, 'POST', `/v1/cells/${cell}/reconcile`)
  for (const begun of data as readonly OperationJson[]) {
    let seen = begun
    while (seen.state === 'running') {
      await setTimeout(POLL_MS, undefined, { signal: restored.signal })
      seen = (await patiently(restored, 'GET', `/v1/operations/${begun.id}`)) as unknown as OperationJson
    }
    const { id, type, state, error } = seen
    const details = { event: 'reconciled', operation: id, type, state }
    if (state === 'succeeded') log({ level: 'info', ...details, message: `${cell}: all of type ${type} is up to date` })
    else log({ level: 'warn', ...details, message: `${cell}, type ${type}: ${error?.message ?? state} See ${id}.` })
  }
}

/** Asks again for as long as there is no good answer. */
async function patiently(
  { cell, url, publicUrl, operatorKey, log, signal }: Restored,
  method: string,
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  const ask = fetchFrom({ publicUrl })
  let told: string | undefined
  for (;;) {
    let reason: string
    try {
      const headers = { authorization: `Bearer ${operatorKey()}`, 'content-type': 'application/json' }
      const response = await ask(url + path, { method, headers, signal, ...(method === 'POST' ? { body: '{}' } : {}) })
      if (response.ok) return (await response.json()) as Readonly<Record<string, unknown>>
      reason = `${response.status} ${await response.text()}`
    } catch (thrown) {
      signal.throwIfAborted()
      reason = reasonOf(thrown)
    }
    const message = `${cell} waits to be told what has happened since its backup: ${reason}`
    if (told !== reason) log({ level: 'warn', event: 'restored_waits', message })
    told = reason
    await setTimeout(RETRY_MS, undefined, { signal })
  }
}
