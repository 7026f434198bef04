// What was acknowledged outlives the engine's processes. Needs the builder's help: only he can end them.

import type { Check } from '../check.ts'
import { Violation } from '../answer.ts'
import { openProbed, type TypeConformanceOptions, type TypeContext } from './probed.ts'

/** Writes before the kill; enough that more are under way. */
const ACKNOWLEDGED_BEFORE_KILL = 5
/** How long a server may take until it answers again. */
const START_MS = 60_000
const POLL_MS = 100

export const surviving: readonly Check<TypeConformanceOptions>[] = [
  {
    id: 'RC1',
    title: 'the content is the same after a restart of the engine',
    needs: 'restart',
    async run(context) {
      const probed = await openProbed(context)
      const fresh = await openProbed(context)
      await probed.writeAll(1, 2)
      await context.options.restart?.()
      await answers(context)
      await probed.requireShown([1, 2], 'after the restart')
      await fresh.requireShown([], 'never written, after the restart')
      await probed.writeAll(3)
      await probed.requireShown([1, 2, 3])
    },
  },
  {
    id: 'RC1',
    title: 'no acknowledged write is lost when every process is killed in the midst of writing',
    needs: 'kill',
    async run(context) {
      const probed = await openProbed(context)
      const acknowledged: number[] = []
      const unknown: number[] = []
      let killing: Promise<unknown> | undefined
      for (let n = 1; unknown.length === 0 && !(await isOver(killing)); n++) {
        if (acknowledged.length === ACKNOWLEDGED_BEFORE_KILL) killing ??= context.options.kill?.()
        try {
          ;(await probed.write(n)).requireDone('the write')
          acknowledged.push(n)
        } catch (thrown) {
          if (killing === undefined) throw thrown
          unknown.push(n)
        }
      }
      await killing
      await answers(context)
      await probed.requireShown(
        { acknowledged, unknown },
        `after kill -9; acknowledged before: ${acknowledged.join(', ')}`,
      )
      const next = acknowledged.length + unknown.length + 1
      await probed.writeAll(next)
      await probed.requireShown({ acknowledged: [...acknowledged, next], unknown })
    },
  },
]

async function isOver(promise: Promise<unknown> | undefined): Promise<boolean> {
  return promise !== undefined && (await Promise.race([promise.then(() => true), Promise.resolve(false)]))
}

/** @throws Violation when the server does not come back */
async function answers(context: TypeContext): Promise<void> {
  const end = Date.now() + START_MS
  for (;;) {
    const isUp = await context.ask('GET', '/readyz', { as: 'nobody' }).then(
      ({ status }) => status === 200,
      () => false,
    )
    if (isUp) return
    if (Date.now() > end)
      throw new Violation('GET /readyz', `200 within ${START_MS / 1000} s after the start`, 'nothing')
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
