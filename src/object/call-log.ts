// A log line per call between the planes, where requests are logged: with the request's id, so that one request can be followed through
// both processes.

import type { Outcome } from '../wire/planes.ts'

/** @param isOn whether requests are logged at all @param event `control_call` or `data_call` */
export async function loggedCall<T>(
  isOn: boolean,
  event: string,
  call: { readonly type: string; readonly method: string },
  requestId: string,
  run: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  if (!isOn) return run()
  const begunMs = Date.now()
  const log = (code: string): void => {
    const { type, method } = call
    console.log(JSON.stringify({ event, request_id: requestId, type, method, code, duration_ms: Date.now() - begunMs }))
  }
  try {
    const outcome = await run()
    log(outcome.ok ? 'ok' : outcome.moved === undefined ? outcome.error.code : 'moved')
    return outcome
  } catch (error) {
    log('thrown')
    throw error
  }
}
