// One list over several shards, in the order (account, create_time). A pure function of a page of each.

/** After which a page begins. */
export interface ListPosition {
  readonly account: string
  /** Time of creation. */
  readonly after: number
}

interface Row {
  readonly id: string
  readonly account: string
  readonly createTimeMs: number
}

export interface ShardPage<T extends Row> {
  readonly rows: readonly T[]
  /** Absent when the shard has no more. */
  readonly next?: ListPosition
}

/**
 * At most `limit` rows, none of which stands behind one that a shard has not yet told.
 *
 * @returns `next`, where every shard goes on; undefined at the end
 */
export function mergeShards<T extends Row>(
  pages: readonly ShardPage<T>[],
  limit: number,
): { readonly rows: readonly T[]; readonly next: ListPosition | undefined } {
  const frontier = pages
    .flatMap(({ next }) => next ?? [])
    .reduce<ListPosition | undefined>((least, next) => (least && compare(least, next) <= 0 ? least : next), undefined)
  const known = pages
    .flatMap(({ rows }) => rows)
    .filter((row) => frontier === undefined || compare(toPosition(row), frontier) <= 0)
    .toSorted((a, b) => compare(toPosition(a), toPosition(b)))
    // While an account moves two shards may have it.
    .filter((row, index, sorted) => row.id !== sorted[index - 1]?.id)
  const rows = known.slice(0, limit)
  const last = rows.at(-1)
  return { rows, next: known.length > limit && last !== undefined ? toPosition(last) : frontier }
}

function toPosition({ account, createTimeMs }: Row): ListPosition {
  return { account, after: createTimeMs }
}

function compare(a: ListPosition, b: ListPosition): number {
  return compareBytes(a.account, b.account) || a.after - b.after
}

/** As the shards' databases do: by bytes of UTF-8, whose order is that of code points and not that of JavaScript's strings. */
function compareBytes(a: string, b: string): number {
  let index = 0
  while (index < a.length && a.charCodeAt(index) === b.charCodeAt(index)) index++
  if (index === a.length || index === b.length) return a.length - b.length
  // Within a pair of surrogates the first halves may be equal, and the second ones decide as they are.
  const [x, y] = [a, b].map((text) => text.codePointAt(index) ?? 0) as [number, number]
  return x - y
}
