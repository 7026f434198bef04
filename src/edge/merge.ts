// One list over several control plane objects: each is asked for its next page, the pages are merged, and one cursor remembers how far
// each has come.

import { fewAtOnce } from '../object/few-at-once.ts'

/** Position by source; a source that is not in it has not begun. */
export type Positions = Readonly<Record<string, number>>

export interface Source<T> {
  /** In the cursor. */
  readonly name: string
  /** Rows after a position (0 = the beginning), in the source's own order. */
  read(after: number): Promise<{ readonly rows: readonly Placed<T>[]; readonly isEnd: boolean }>
}

export interface Placed<T> {
  readonly row: T
  readonly position: number
}

/** Marks a source that has no more rows: no position is as large. */
const AT_END: number = Number.MAX_SAFE_INTEGER

/**
 * @param order how rows of different sources compare; within a source its own order stands
 * @returns at most `limit` rows, each with its source, and where every source stands; undefined when all have ended
 */
export async function readSources<T>({
  sources,
  from,
  limit,
  order,
}: {
  readonly sources: readonly Source<T>[]
  readonly from: Positions
  readonly limit: number
  readonly order: (a: T, b: T) => number
}): Promise<{
  readonly rows: readonly { readonly row: T; readonly source: string }[]
  readonly positions: Positions | undefined
  /** Like `positions`, and also there at the end: for a feed that goes on. */
  readonly resume: Positions
}> {
  const pages = await fewAtOnce(
    sources.filter(({ name }) => from[name] !== AT_END),
    async (source) => ({ name: source.name, page: await source.read(from[source.name] ?? 0), taken: 0 }),
  )
  const rows: { row: T; source: string }[] = []
  const resume: Record<string, number> = Object.fromEntries(
    Object.entries(from).filter(([, position]) => position !== AT_END),
  )
  while (rows.length < limit) {
    let best: (typeof pages)[number] | undefined
    for (const page of pages) {
      const candidate = page.page.rows[page.taken]
      const leader = best?.page.rows[best.taken]
      if (candidate !== undefined && (leader === undefined || order(candidate.row, leader.row) < 0)) best = page
    }
    const next = best?.page.rows[best.taken]
    if (best === undefined || next === undefined) break
    best.taken++
    rows.push({ row: next.row, source: best.name })
    resume[best.name] = next.position
  }
  const ended = pages.filter(({ page, taken }) => page.isEnd && taken === page.rows.length).map(({ name }) => name)
  const open = pages.filter(({ name }) => !ended.includes(name))
  const positions = { ...resume, ...Object.fromEntries(ended.map((name) => [name, AT_END])) }
  for (const { name } of sources) if (from[name] === AT_END) positions[name] = AT_END
  return { rows, positions: open.length === 0 ? undefined : positions, resume }
}
