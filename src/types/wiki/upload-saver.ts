// The wiki at its own address, as TiddlyWiki's UploadSaver uses it (core/modules/savers/upload.js of TiddlyWiki 5, after BidiX's
// UploadPlugin): a form with the two parts `UploadPlugin` and `userfile`, and an answer that begins with "0 - ".

import { ResourceError } from '../../wire/errors.ts'
import { checkHtml, readBody } from './body.ts'
import type { WikiContent } from './content.ts'
import { packPage } from './page-writer.ts'
import { saveVersion } from './put-saver.ts'

/** The address of the script that the protocol comes from; people have it in their settings. */
export const UPLOAD_PATHS: readonly string[] = ['/', '/store.php']

/**
 * Saves the file of the form as the newest version. The saver sends no tag, so it always overwrites; the version before is kept.
 *
 * @throws ResourceError as a save by PutSaver does
 */
export async function saveUpload(request: Request, wiki: WikiContent): Promise<Response> {
  const html = fileOf(await readBody(request), request.headers.get('content-type') ?? '')
  checkHtml(html, null)
  const content = await packPage(html)
  const { version } = await wiki.change((sql) => saveVersion(sql, wiki, content, request.headers))
  return new Response(`0 - saved as version ${version}\n`, {
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', etag: content.etag },
  })
}

/** A view of the part `userfile`: a parser for forms in general would copy a page of 30 MB several times. */
function fileOf(body: Uint8Array<ArrayBuffer>, contentType: string): Uint8Array<ArrayBuffer> {
  const boundary = /boundary="?([^";\s]{1,70})"?/i.exec(contentType)?.[1]
  if (boundary === undefined) throw broken()
  // A character per byte, whatever names and paths are written in.
  const decoder = new TextDecoder('latin1', { fatal: false, ignoreBOM: true })
  // The parts' headers are short, and the file comes last: what its page contains is never looked at.
  const start = decoder.decode(body.subarray(0, HEAD_BYTES))
  const head = /content-disposition:[^\r\n]*\bname="userfile"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n/i.exec(start)
  const end = `\r\n--${boundary}--`
  const tail = decoder.decode(body.subarray(-end.length - TAIL_SLACK_BYTES))
  const behind = tail.length - tail.lastIndexOf(end)
  if (head === null || behind > tail.length) throw broken()
  return body.subarray(head.index + head[0].length, body.length - behind)
}

/** The first part has a user's name, a password and two paths. */
const HEAD_BYTES = 16 * 1024
/** A line end may follow the last boundary. */
const TAIL_SLACK_BYTES = 4

function broken(): ResourceError {
  return new ResourceError('invalid_request', 'The form has no file "userfile" at its end.')
}
