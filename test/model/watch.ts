// Somebody who reads a resource again and again while it moves and its owner writes: he never finds anything older than what he has seen, or
// than what was acknowledged before he asked.

import { setTimeout as wait } from 'node:timers/promises'
import { content } from '../support/http.ts'
import type { Client } from './client.ts'
import { runningMove, type Modelled } from './model.ts'
import { require } from './violation.ts'

const PAUSE_MS = 25
const ANSWER_TIMEOUT_MS = 5_000

/** Until its owner has seen the end of the move, or the reader is refused. @throws Violation */
export async function watch(client: Client, one: Modelled): Promise<void> {
  const token = one.tokens.at(-1)?.token
  if (token === undefined) return
  const path = `/${one.domain.plural}/${one.id}/`
  let seen = -1
  while (runningMove(one) !== undefined) {
    const least = Math.max(seen, one.written.lastIndexOf(withoutFiller(one.content)))
    const answer = await read(content(client.server, path, token, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }))
    if (answer !== undefined && answer.status >= 400 && answer.status < 500) return
    if (answer?.status === 200) {
      client.watchedReads++
      seen = one.written.lastIndexOf(withoutFiller(answer.text))
      const what = `"${withoutFiller(answer.text)}" of ${one.id}, read while it moves`
      require('MV2', `${what}, is number ${seen}, and ${least} was there before, of ${one.written.join(', ')}`, seen >=
        least)
    }
    await wait(PAUSE_MS)
  }
}

function withoutFiller(text: string): string {
  return text.replace(/\.+$/, '')
}

/** undefined when there was no answer. */
async function read(
  response: Promise<Response>,
): Promise<{ readonly status: number; readonly text: string } | undefined> {
  try {
    const answer = await response
    return { status: answer.status, text: await answer.text() }
  } catch {
    return undefined
  }
}
