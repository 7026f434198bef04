// What came back from a backup may have moved, or ended, since: until it has been told, its timers do not run, as they may have run elsewhere.

import { fault } from '../object/fault.ts'
import { BINDINGS, parseConfig } from '../wire/deployment.ts'

/** The engine starts anew when it has been told. */
const PAUSE_MS = 60_000

/** Puts an object's alarm off while its cell is held back. @returns whether it is */
export async function putOffAlarm(storage: DurableObjectStorage, env: unknown): Promise<boolean> {
  const { isRestored = false } = parseConfig((env as Readonly<Record<string, unknown>>)[BINDINGS.config])
  if (!isRestored) return false
  await storage.setAlarm(Date.now() + PAUSE_MS)
  TEST_BUILD: await fault('object.alarm.putOff')
  return true
}
