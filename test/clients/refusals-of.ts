// What a call of the client was refused with.

import { BiplaneError } from 'biplane/client'
import { expect } from 'vitest'

/** What a call threw. */
export async function refusal(call: Promise<unknown>): Promise<BiplaneError> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(thrown).toBeInstanceOf(BiplaneError)
  return thrown as BiplaneError
}
