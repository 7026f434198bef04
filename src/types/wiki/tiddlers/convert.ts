// From one storage to the other and back. The other form is made while the wiki is in use; one transaction puts it in place, if nothing
// was saved meanwhile. A crash before it leaves the wiki as it was.

import { ResourceError } from '../../../wire/errors.ts'
import { BODY_BYTES } from '../body.ts'
import { currentPage, type WikiContent } from '../content.ts'
import { gunzipSliced } from '../gzip.ts'
import { PageWriter } from '../page-writer.ts'
import { addVersion, currentVersion } from '../versions.ts'
import { dropTiddlers, setMode } from './changes.ts'
import { readState, readTiddlers, type StorageMode } from './rows.ts'
import { renderPage } from './shell.ts'
import { takePage } from './staging.ts'

/** Somebody who saves every second can be as quick as one attempt, or two. */
const ATTEMPTS = 3
/** The request says one word. */
const MAX_REQUEST_BYTES = 1024

/** `POST /convert {"storage": "tiddlers" | "file"}`. @throws ResourceError `invalid_request`, `not_ready`, `too_large`, `storage_full` */
export async function convert(request: Request, wiki: WikiContent): Promise<Response> {
  const wanted = await readWanted(request)
  for (let attempt = 1; wiki.state().mode !== wanted; attempt++) {
    const isDone = wanted === 'tiddlers' ? await toTiddlers(wiki) : await toFile(wiki)
    if (isDone) break
    if (attempt === ATTEMPTS) {
      throw new ResourceError('not_ready', 'Somebody is saving this wiki all the time: convert it a little later.', {
        retryAfterSeconds: 10,
      })
    }
  }
  return Response.json({ storage: wanted })
}

async function readWanted(request: Request): Promise<StorageMode> {
  if (Number(request.headers.get('content-length')) <= MAX_REQUEST_BYTES) {
    const { storage } = (await request.json().catch(() => ({}))) as { storage?: unknown }
    if (storage === 'file' || storage === 'tiddlers') return storage
  }
  throw new ResourceError('invalid_request', 'Say what to convert to: {"storage":"file"} or {"storage":"tiddlers"}.')
}

/** Each tiddler of the page becomes a row. The page and all before it stay versions. */
async function toTiddlers(wiki: WikiContent): Promise<boolean> {
  const version = wiki.current()?.version
  const html = await gunzipSliced(currentPage(wiki).gzip())
  let isCurrent = false
  await takePage(html, wiki, (sql, takeTiddlers) => {
    isCurrent = currentVersion(sql)?.version === version
    if (!isCurrent) return
    takeTiddlers()
    setMode(sql, 'tiddlers')
  })
  return isCurrent
}

/** The tiddlers become a page, which is the newest version. Their history stays. */
async function toFile(wiki: WikiContent): Promise<boolean> {
  const { revision } = wiki.state()
  const writer = new PageWriter()
  for (const part of renderPage(readTiddlers(wiki.sql), 'file')) await writer.write(part)
  const content = await writer.end()
  if (content.sizeBytes > BODY_BYTES) {
    throw new ResourceError(
      'too_large',
      `As a file this wiki has ${content.sizeBytes} bytes; ${BODY_BYTES} are allowed.`,
      {
        details: { limit: BODY_BYTES },
      },
    )
  }
  return wiki.change((sql) => {
    if (readState(sql).revision !== revision) return false
    addVersion(sql, content, Date.now(), wiki.retention)
    dropTiddlers(sql)
    setMode(sql, 'file')
    return true
  })
}
