// An operation on its way: a bar that is redrawn on a terminal, else a line now and then. On stderr, beside the result.

import type { OperationJson, WaitOptions } from '../client/index.ts'
import { EngineError } from '../engine/engine-error.ts'
import type { Output } from './output.ts'
import { toPlain } from './table.ts'
import type { Context } from './verb.ts'

const BAR_WIDTH = 30
/** Without a terminal: a line for each tenth of the way. */
const STEPS = 10

/** Waits for the end and prints what came of it; with `--no-wait` prints where it is now. */
export async function follow(
  { client, out, flags }: Context<{ readonly wait: boolean }>,
  operation: OperationJson | string,
): Promise<void> {
  if (!flags.wait) {
    const seen = typeof operation === 'string' ? await client.operations.get(operation) : operation
    return out.one(seen)
  }
  const draw = process.stderr.isTTY ? drawBar : lineWriter()
  const ended = await client.operations.wait(operation, { onProgress: draw }).finally(() => {
    if (process.stderr.isTTY) process.stderr.write('\n')
  })
  await out.one(ended)
  requireWhole(ended)
}

/** @throws EngineError for what is not as it was asked for: a script must not go on */
function requireWhole({ id, state, progress }: OperationJson): void {
  if (state === 'cancelled')
    throw new EngineError(
      `${id} was cancelled`,
      `${progress.done} of ${progress.total} were done`,
      'Start it again for the rest.',
    )
  if (progress.failed > 0)
    throw new EngineError(
      `${id} ended, but not as a whole`,
      `${progress.failed} of ${progress.total} were refused`,
      `See: biplane operations get ${id}`,
    )
}

/** How a change of one resource is waited for: what has no answer yet says on stderr which resource it is, and for what it waits. */
export function waiting({
  out,
  flags,
}: {
  readonly out: Output
  readonly flags: { readonly wait?: boolean }
}): WaitOptions {
  let isTold = false
  return {
    wait: flags.wait !== false,
    onProgress({ id, cell, state }) {
      if (isTold) return
      isTold = true
      const where = cell === undefined ? '' : ` in the cell ${cell}`
      out.note(
        `${id} (${state}) is recorded; waiting for its object${where}. It goes on by itself: Ctrl-C ends only the waiting.`,
      )
    },
  }
}

/** `[######----] 60/100 bulk_create` */
export function toBar({ kind, state, progress }: OperationJson): string {
  const { total, done, failed } = progress
  const part = total === 0 ? (state === 'running' ? 0 : 1) : Math.min(1, done / total)
  const refused = failed === 0 ? '' : `, ${failed} refused`
  return `${barOf(part)} ${done}/${total} ${kind}${refused}`
}

function barOf(part: number): string {
  const filled = Math.round(part * BAR_WIDTH)
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`
}

/** Work that this command does by itself: the same bar, with what it says of how far it is. @param part 0 to 1 */
export type Progress = (part: number, text: string) => void

/** Redrawn that often at most; a drawing is a system call. Milliseconds. */
const DRAW_MS = 100

/** @returns to be called as often as there is something new; at its end once more, with 1 */
export function progressOf(what: string): Progress {
  let drawnMs = 0
  let step = -1
  return (part, text) => {
    const isEnd = part >= 1
    if (process.stderr.isTTY) {
      if (!isEnd && performance.now() - drawnMs < DRAW_MS) return
      drawnMs = performance.now()
      process.stderr.write(`\r${toPlain(`${barOf(Math.min(part, 1))} ${what} ${text}`)}\u001B[K${isEnd ? '\n' : ''}`)
    } else if (Math.floor(part * STEPS) !== step) {
      step = Math.floor(part * STEPS)
      process.stderr.write(`${toPlain(`${what} ${text}`)}\n`)
    }
  }
}

function drawBar(operation: OperationJson): void {
  process.stderr.write(`\r${toPlain(toBar(operation))}\u001B[K`)
}

function lineWriter(): (operation: OperationJson) => void {
  let last: string | undefined
  return ({ id, kind, state, progress: { total, done } }) => {
    const step = `${state} ${Math.floor((done / Math.max(total, 1)) * STEPS)}`
    if (step !== last) process.stderr.write(`${toPlain(`${id} ${kind} ${state} ${done}/${total}`)}\n`)
    last = step
  }
}
