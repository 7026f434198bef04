// A data directory that was made from a backup. In a deployment of several cells the others have gone on since: resources have moved, ended,
// been closed to somebody. Until its objects know that, none of them is served; the server sees to it by itself, at its first start.

import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isHere } from '../identity/cell.ts'
import { parseResourceId } from '../identity/resource-id.ts'
import type { DeploymentSecrets } from '../wire/deployment.ts'
import type { OperationJson } from '../wire/operation.ts'
import type { Untold } from '../wire/reconcile.ts'
import { askToReconcile, type AskedOf } from './ask-to-reconcile.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Log, LogEntry } from './log.ts'
import { peersOf } from './peers.ts'
import type { ServerOptions } from './server-options.ts'
import { Waits } from './waits.ts'

/** In the data directory, from `biplane restore` on until it is as the others know it. Who removes it serves it as it is. */
export const RESTORED_FILE = 'restored'

export function isRestored({ path }: Pick<DataDirectory, 'path'>): boolean {
  return existsSync(join(path, RESTORED_FILE))
}

export function forgetRestored({ path }: Pick<DataDirectory, 'path'>): void {
  rmSync(join(path, RESTORED_FILE), { force: true })
}

/**
 * Whether a cell is all there is: without others nobody has gone on since its backup, both planes are as of one moment. Served once as such, it
 * is what counts, whatever cells come later. One that is not the deployment's root cell has others, though nobody may have said so.
 */
export function isWhole(options: ServerOptions, { defaultAccount }: DeploymentSecrets): boolean {
  const root = parseResourceId(defaultAccount)?.cell ?? options.cell
  return peersOf(options).length === 0 && isHere(options.cells, options.cell, root)
}

/** Between two looks at something that takes as long as there are resources. */
const POLL_MS = 250
/** Between two attempts, doubled up to the most: what is waited for may be a cell that is down. */
const RETRY_MS = 2_000
const RETRY_MOST_MS = 60_000

/** What the running server is asked by, and for. */
export interface Restored extends AskedOf {
  readonly directory: Pick<DataDirectory, 'path'>
  readonly types: readonly string[]
  /** Whether it was told where any other cell is. */
  readonly hasOthers: boolean
  readonly log: Log
}

/**
 * Has the cell told what has happened since its backup; resolves when nothing is left to be told, as long as that takes.
 *
 * @throws the signal's reason when the server ends before
 */
export async function catchUp(restored: Restored): Promise<void> {
  const { cell, directory, types, log } = restored
  const wayOut = `To serve it as it is all the same, with what was revoked, closed or moved away since, remove ${join(directory.path, RESTORED_FILE)} and restart.`
  log({
    level: 'warn',
    event: 'restored',
    message: `the data of ${cell} came from a backup: nothing of it is served before it has been told what has happened since. ${wayOut}`,
  })
  const waits = new Waits((reasons) =>
    log({
      level: 'warn',
      event: 'restored_waits',
      message: `nothing of ${cell} is served yet: it waits to be told what has happened since its backup. ${reasons} ${wayOut} See "One cell of several" in docs/runbook.md.`,
    }),
  )
  try {
    // By itself it has empty catalogs, which would have nothing to tell.
    if (!restored.hasOthers) return await waitInVain(restored, waits)
    await Promise.all(types.map((type) => catchUpType(restored, type, waits)))
  } finally {
    waits.end()
  }
}

async function waitInVain({ cell, signal }: Restored, waits: Waits): Promise<never> {
  waits.add(
    cell,
    'alone',
    'it is not the root cell of its deployment, and nobody said where the others are (--cells-file).',
  )
  signal.throwIfAborted()
  await once(signal, 'abort')
  throw signal.reason
}

/** Each type by itself: what one of them waits for holds none of the others up, and is asked for again alone. */
async function catchUpType(restored: Restored, type: string, waits: Waits): Promise<void> {
  const { cell, log, signal } = restored
  let begun: string | undefined
  for (let attempt = 0; ;) {
    const answer = await askToReconcile(restored, type, begun)
    if ('refusal' in answer) {
      // Ended long ago, or of a catalog that came back from a backup, too.
      if (answer.code === 'not_found') begun = undefined
      waits.add(type, answer.code, answer.refusal)
      await setTimeout(RETRY_MS, undefined, { signal })
      continue
    }
    const { operation } = answer
    if (operation === undefined || isTold(operation)) {
      waits.remove(type)
      log(toEntry(cell, type, operation))
      return
    }
    if (operation.state === 'running') {
      begun = operation.id
      const { done, total } = operation.progress
      waits.add(type, 'running', `${operation.id} has come to ${done} of ${total}.`)
      await setTimeout(POLL_MS, undefined, { signal })
      continue
    }
    begun = undefined
    waits.add(type, `${type} ${operation.state} ${operation.error?.code}`, toReason(operation))
    await setTimeout(Math.min(RETRY_MS * 2 ** attempt, RETRY_MOST_MS), undefined, { signal })
    attempt++
  }
}

/** What has no content is not served anyway: it has nothing that could be stale. */
function isTold({ state, error, subject }: OperationJson): boolean {
  return state === 'succeeded' || (state === 'failed' && error?.code === 'not_found' && untoldOf(subject).length === 0)
}

function untoldOf(subject: OperationJson['subject']): readonly Untold[] {
  return (subject['untold'] ?? []) as readonly Untold[]
}

function toEntry(cell: string, type: string, operation: OperationJson | undefined): LogEntry {
  const about = { event: 'reconciled', type, operation: operation?.id, state: operation?.state }
  if (operation === undefined)
    return {
      level: 'info',
      ...about,
      message: `${cell}: the root cell does not have the type ${type} yet, nor any of it`,
    }
  const { id, error } = operation
  if (error === undefined) return { level: 'info', ...about, message: `${cell}: all of type ${type} is up to date` }
  return { level: 'warn', ...about, message: `${cell}, type ${type}: ${error.message} See ${id}.` }
}

/** Of what could not be told; the operation names the rest. */
const NAMED = 3

function toReason({ id, state, error, subject }: OperationJson): string {
  const untold = untoldOf(subject)
  const named = untold.slice(0, NAMED).map((one) => `${one.id} (${one.reason})`)
  const more = untold.length > NAMED ? ` and ${untold.length - NAMED} more` : ''
  const which = named.length === 0 ? '' : ` Not told: ${named.join(', ')}${more}.`
  return `${id}: ${error?.message ?? `it was ${state}.`}${which} It is begun again by itself.`
}
