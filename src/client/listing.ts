// A list of the API as an async iterable: of its items, or of its pages.

import { sleep } from './transport.ts'

export interface Page<T> {
  /** May be fewer than asked for, also none: absence of `next_cursor` is the only end. */
  readonly data: readonly T[]
  readonly next_cursor?: string
}

export interface ListingOptions {
  /** Where to begin: `next_cursor` of an earlier page. */
  readonly cursor?: string | undefined
  /** A feed always has a `next_cursor`: it ends with an empty page, or is asked again after this long. Milliseconds. */
  readonly feed?: { readonly pollMs: number | undefined; readonly signal: AbortSignal | undefined } | undefined
}

/**
 * Nothing is asked before it is iterated, and each iteration asks anew. What existed during the whole iteration appears exactly once.
 *
 * @typeParam More members of a page beside its items
 * @example
 * for await (const wiki of client.wikis.list({ state: 'active' })) console.log(wiki.id)
 */
export class Listing<T, More = unknown> implements AsyncIterable<T> {
  readonly #read: (cursor: string | undefined) => Promise<Page<T> & More>
  readonly #options: ListingOptions

  constructor(read: (cursor: string | undefined) => Promise<Page<T> & More>, options: ListingOptions = {}) {
    this.#read = read
    this.#options = options
  }

  /** One page. @param cursor `next_cursor` of the page before; default: the list's beginning */
  page(cursor: string | undefined = this.#options.cursor): Promise<Page<T> & More> {
    return this.#read(cursor)
  }

  async *pages(): AsyncGenerator<Page<T> & More, void, undefined> {
    const { feed } = this.#options
    let { cursor } = this.#options
    for (;;) {
      const page = await this.#read(cursor)
      const isEmpty = page.data.length === 0
      if (feed === undefined || !isEmpty) yield page
      if (page.next_cursor === undefined || (isEmpty && feed !== undefined && feed.pollMs === undefined)) return
      cursor = page.next_cursor
      if (isEmpty && feed?.pollMs !== undefined) await sleep(feed.pollMs, feed.signal)
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const { data } of this.pages()) yield* data
  }

  /** Every item. For lists that fit into memory. */
  async all(): Promise<T[]> {
    const items: T[] = []
    for await (const { data } of this.pages()) items.push(...data)
    return items
  }
}
