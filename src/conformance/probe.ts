// How the checks write to a resource type of which they know nothing, and see what was written.

export interface ProbeWrite extends RequestInit {
  /** Below the resource: `entries`. Default: its root. */
  readonly path?: string
}

/** The write requests of a type, the request that shows what they did, and how to find that in its answer. */
export interface Probe {
  /** The request that writes number `n`, which no other write of the same resource has. */
  write(n: number): ProbeWrite
  /** Path below the resource that a GET reads. Default: its root. */
  readonly read?: string
  /**
   * What the answer to the read shows: the numbers of the writes that are there, in any order, or, where they cannot be told apart, how
   * many took effect. Nothing (`[]` or 0) for a new resource.
   */
  extract(response: Response): Promise<readonly number[] | number>
  /** Whether a write takes the place of the one before. Default: all of them stay. */
  readonly replaces?: boolean
}

export interface TextProbe {
  /** Method and path below the resource; `{text}` stands for what is written. Default: `PUT `, its root. */
  readonly write?: string | undefined
  /** Path below the resource. Default: its root. */
  readonly read?: string | undefined
  /** What is sent; `{text}` stands for what is written. Default: that alone. */
  readonly body?: string | undefined
  /** Default: `text/plain; charset=utf-8`. */
  readonly contentType?: string | undefined
  /** Whether writes stay beside each other. Default: each takes the place of the one before. */
  readonly appends?: boolean | undefined
}

const MARK = 'conformance-write-'

/**
 * A probe for types that take a text and show it again: each write sends a text of its own, which is looked for in what is read. Without
 * options: PUT and GET of the resource's root.
 *
 * @example
 * const probe = textProbe({ write: 'POST entries', read: 'entries', appends: true })
 */
export function textProbe(options: TextProbe = {}): Probe {
  const {
    write = 'PUT',
    read = '',
    body = '{text}',
    contentType = 'text/plain; charset=utf-8',
    appends = false,
  } = options
  const [method = 'PUT', path = ''] = write.trim().split(/ +/)
  const headers = { 'content-type': contentType }
  return {
    replaces: !appends,
    read,
    write(n) {
      const text = `${MARK}${n}`
      return { method, path: path.replaceAll('{text}', text), headers, body: body.replaceAll('{text}', text) }
    },
    async extract(response) {
      const found = (await response.text()).matchAll(new RegExp(`${MARK}(\\d+)`, 'g'))
      // A page may show one text in several places.
      return [...new Set(Array.from(found, ([, number]) => Number(number)))]
    },
  }
}
