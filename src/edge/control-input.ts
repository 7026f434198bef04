// The body of a control plane request, read to its end and parsed, before anything else looks at it.

import { ResourceError } from '../wire/errors.ts'
import { readBody } from './read-body.ts'
import { MAX_CONTROL_BODY_BYTES } from './schemas.ts'

/** JSON, or what a form sends. @throws ResourceError `too_large`, `invalid_request` */
export async function readInput(request: Request, limitBytes: number = MAX_CONTROL_BODY_BYTES): Promise<unknown> {
  if (request.method === 'GET' || request.method === 'HEAD' || request.body === null) return emptyInput(request)
  const text = await decode(await readBody(request.body, limitBytes))
  if (text === '') return emptyInput(request)
  const isForm = (request.headers.get('content-type') ?? '').startsWith('application/x-www-form-urlencoded')
  // A client that forgot to say that it sends JSON is understood all the same.
  return isForm && !text.startsWith('{') ? readForm(text) : parseJson(text)
}

function emptyInput(request: Request): unknown {
  return request.method === 'POST' || request.method === 'PATCH' ? {} : undefined
}

async function decode(body: Blob): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(await body.arrayBuffer())
  } catch {
    throw new ResourceError('invalid_request', 'The body is not valid UTF-8.')
  }
}

function readForm(text: string): unknown {
  return Object.fromEntries(Array.from(new URLSearchParams(text), ([name, value]) => [name, value.trim()]))
}

/** Deep enough for every real `params`, and far from what recursion can bear. */
const MAX_DEPTH = 100

/**
 * A hundred for each of a thousand resources. Small values are dear: each is looked at and may be complained of, on the one thread that
 * serves everybody, and a list of complaints that is longer than the stack can bear ends in a failure of ours.
 */
const MAX_VALUES = 100_000

function parseJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ResourceError('invalid_request', 'The body is not valid JSON.')
  }
  let values = 0
  for (let depth = 0, level = [value]; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new ResourceError('invalid_request', `The body is nested more than ${MAX_DEPTH} levels deep.`)
    values += level.length
    if (values > MAX_VALUES)
      throw new ResourceError('too_large', `The body may have ${MAX_VALUES} values at most.`, {
        details: { limit: MAX_VALUES },
      })
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? checkedMembers(item) : []))
  }
  return value
}

function checkedMembers(item: object): unknown[] {
  if (Object.hasOwn(item, '__proto__'))
    throw new ResourceError('invalid_request', 'A member cannot be called "__proto__".')
  return Object.values(item)
}
