// All tiddlers of a page become rows: put aside in many small transactions, put in place in one. Whoever reads or writes the wiki
// meanwhile neither waits nor sees half of it.

import { ResourceError } from '../../../wire/errors.ts'
import type { WikiContent } from '../content.ts'
import { CORE_TITLE, reasonAgainst } from '../import.ts'
import { outlinePage } from '../page-outline.ts'
import { nextTurn, SLICE_BYTES } from '../slices.ts'
import { readTiddlers } from '../stored-tiddlers.ts'
import { beginStaging, stageTiddlers, takeStaged, unstage } from './changes.ts'
import { toFields, toNewTiddler, type NewTiddler } from './fields.ts'
import { isInShell, isReserved } from './shell.ts'

/** What a row costs beside its bytes. */
const ROW_COST_BYTES = 1024

/**
 * @param take the last transaction; calls what it is given, and may check and change more
 * @returns how many tiddlers there were
 * @throws ResourceError when the page cannot be taken apart, or `take` throws; then nothing was changed
 */
export async function takePage(
  html: Uint8Array,
  wiki: WikiContent,
  take: (sql: SqlStorage, takeTiddlers: () => void) => void,
): Promise<number> {
  const attempt = await wiki.change(beginStaging)
  try {
    const titles = new Set<string>()
    for await (const batch of toBatches(html)) {
      for (const { title } of batch) titles.add(title)
      await wiki.change((sql) => stageTiddlers(sql, batch, attempt, Date.now()))
      await nextTurn()
    }
    await wiki.change((sql) => {
      take(sql, () => takeStaged(sql, attempt, titles.size, wiki.history))
      unstage(sql)
    })
    return titles.size
  } catch (error) {
    // Should this fail, too, the next attempt does it.
    await wiki.change(unstage).catch(() => {})
    throw error
  }
}

/** As many as take some milliseconds to store. */
async function* toBatches(html: Uint8Array): AsyncGenerator<NewTiddler[]> {
  const outline = await outlinePage(html)
  let { version } = outline
  let batch: NewTiddler[] = []
  let bytes = 0
  for await (const { fields } of readTiddlers(html, outline)) {
    if (fields.title === CORE_TITLE) version = fields['version']
    if (isReserved(fields.title)) continue
    const tiddler = toNewTiddler(toFields(fields))
    if (isInShell(tiddler)) continue
    batch.push(tiddler)
    bytes += tiddler.fields.length + (tiddler.text?.length ?? 0) + ROW_COST_BYTES
    if (bytes < SLICE_BYTES) continue
    yield batch
    batch = []
    bytes = 0
  }
  const reason = reasonAgainst(version)
  if (reason !== undefined) throw new ResourceError('invalid_request', reason)
  if (batch.length > 0) yield batch
}
