// The baseline of a wiki's load: what any good static file server does. Files are compressed beforehand, have an ETag, and revalidate.
//
//     node static-server.mjs FOLDER      -> prints its port; serves FOLDER/*.gz under their names without `.gz`

import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const folder = process.argv[2]
const files = new Map(
  readdirSync(folder).map((name) => {
    const path = join(folder, name)
    const etag = `"${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 32)}"`
    return [`/${name.replace(/\.gz$/, '')}`, { path, etag, bytes: statSync(path).size }]
  }),
)

const server = createServer((request, response) => {
  const file = files.get(request.url)
  if (file === undefined) return response.writeHead(404).end()
  const headers = {
    'content-type': request.url.endsWith('.js') ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    etag: file.etag,
    vary: 'Accept-Encoding',
  }
  if (request.headers['if-none-match'] === file.etag) return response.writeHead(304, headers).end()
  response.writeHead(200, { ...headers, 'content-encoding': 'gzip', 'content-length': file.bytes })
  createReadStream(file.path).pipe(response)
})
// A client that stays keeps its connection for the whole measurement.
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
