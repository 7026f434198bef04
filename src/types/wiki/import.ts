// A single-file wiki that somebody brings. One of TiddlyWiki 5.2 to ours is taken apart and becomes a page that shares its core with all
// others; any other page is kept as it is. Either way it becomes the newest version, and what was there before stays a version.

import { ResourceError } from '../../wire/errors.ts'
import { readHtml } from './body.ts'
import type { WikiContent } from './content.ts'
import { PLUGIN_TITLE, SAVE_TEMPLATE_TITLE, TIDDLYWIKI_VERSION } from './generated/assets.ts'
import { outlinePage } from './page-outline.ts'
import { packPage, PageWriter } from './page-writer.ts'
import { saveVersion } from './put-saver.ts'
import { toShell } from './shell.ts'
import { readTiddlers } from './stored-tiddlers.ts'
import type { NewVersion } from './versions.ts'

export const CORE_TITLE = '$:/core'
/** What only makes sense where it was. Ours is put in anew; the core script brings the second one. */
export const LEFT_BEHIND: ReadonlySet<string> = new Set([CORE_TITLE, SAVE_TEMPLATE_TITLE, PLUGIN_TITLE])

/** First release with JSON stores. */
const OLDEST_VERSION = '5.2.0'

type Converted =
  | { readonly content: NewVersion; readonly tiddlers: number }
  | { readonly reason: string; readonly content?: undefined }

/** `POST /import`. Honours If-Match like a save. @throws ResourceError as a save does */
export async function importWiki(request: Request, wiki: WikiContent): Promise<Response> {
  const html = await readHtml(request)
  const converted = await convertPage(html)
  const content = converted.content ?? (await packPage(html))
  const { version } = await wiki.change((sql) => saveVersion(sql, wiki, content, request.headers))
  const outcome =
    converted.content === undefined
      ? { converted: false, reason: converted.reason }
      : { converted: true, tiddlers: converted.tiddlers }
  return Response.json({ ...outcome, version, size_bytes: content.sizeBytes }, { headers: { etag: content.etag } })
}

/** The page in the form with a shared core, or why it cannot be brought into it without losing something. */
export async function convertPage(html: Uint8Array): Promise<Converted> {
  const outline = await outlinePage(html)
  const writer = new PageWriter()
  const encoder = new TextEncoder()
  const shell = toShell(outline.title)
  await writer.write(encoder.encode(shell.before))
  const separator = encoder.encode(',\n')
  let tiddlers = 0
  // A page whose core is elsewhere has no tiddler of it.
  let version = outline.version
  try {
    for await (const { fields, json } of readTiddlers(html, outline)) {
      if (fields.title === CORE_TITLE) version = fields['version']
      if (LEFT_BEHIND.has(fields.title)) continue
      await writer.write(separator)
      await writer.write(json)
      tiddlers += 1
    }
  } catch (error) {
    if (error instanceof ResourceError) return { reason: error.message }
    throw error
  }
  const reason = reasonAgainst(version)
  if (reason !== undefined) return { reason }
  await writer.write(encoder.encode(shell.after))
  return { content: await writer.end(), tiddlers }
}

/** Why the tiddlers of a page that this TiddlyWiki saved cannot be taken out of it. */
export function reasonAgainst(version: string | undefined): string | undefined {
  if (isWithin(version, OLDEST_VERSION, TIDDLYWIKI_VERSION)) return undefined
  const saved = version === undefined ? 'The page does not say which TiddlyWiki' : `TiddlyWiki ${version}`
  return `${saved} saved it; those of ${OLDEST_VERSION} to ${TIDDLYWIKI_VERSION} are converted.`
}

/** Compares major, minor and patch; what is behind them (`-prerelease`) counts as the release itself. */
function isWithin(version: string | undefined, oldest: string, newest: string): boolean {
  const number = toNumber(version ?? '')
  return number !== undefined && number >= (toNumber(oldest) ?? 0) && number <= (toNumber(newest) ?? 0)
}

function toNumber(version: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.])/.exec(version)?.slice(1)
  return parts?.reduce((sum, part) => sum * 1000 + Number(part), 0)
}
