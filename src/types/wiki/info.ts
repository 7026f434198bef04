// What a person wants to know about a wiki without opening it.

import { currentPage, type WikiContent } from './content.ts'
import { TIDDLYWIKI_VERSION } from './generated/assets.ts'
import { gunzipSliced } from './gzip.ts'
import { outlinePage } from './page-outline.ts'
import { readSizes } from './tiddlers/rows.ts'
import { listVersions } from './versions.ts'

interface Info {
  readonly tiddlywiki_version: string | null
  readonly size_bytes: number
  readonly encrypted: boolean
  readonly tiddlers?: number
}

/** `GET /info`. */
export async function serveInfo(wiki: WikiContent): Promise<Response> {
  const { mode } = wiki.state()
  const info = mode === 'file' ? await infoOfPage(wiki) : infoOfTiddlers(wiki)
  const versions = listVersions(wiki.sql).length
  return Response.json({ storage: mode, ...info, versions }, { headers: { 'cache-control': 'private, no-cache' } })
}

function infoOfTiddlers({ sql }: WikiContent): Info {
  const { count, bytes } = readSizes(sql)
  return { tiddlywiki_version: TIDDLYWIKI_VERSION, size_bytes: bytes, encrypted: false, tiddlers: count }
}

/** Reads the whole page, once after each save. */
function infoOfPage(wiki: WikiContent): Promise<Info> {
  return wiki.cached('info', async (forget) => {
    try {
      const html = await gunzipSliced(currentPage(wiki).gzip())
      const { version, isEncrypted } = await outlinePage(html)
      return { tiddlywiki_version: version ?? null, size_bytes: html.length, encrypted: isEncrypted }
    } catch (error) {
      forget()
      throw error
    }
  })
}
