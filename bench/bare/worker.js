// What everybody writes first: Worker -> Durable Object -> SQLite, nothing else. The same statements, bodies and response headers as
// on Biplane's side, so that the difference is Biplane.
//
//     GET, PUT /kvs/{name}/       one row, as bench/apps/kv.ts
//     POST     /kvs/{name}/       the first touch of an object: table and row
//     GET, PUT /pages/{name}/     a page as compressed chunks, as the wiki type without its history

import { DurableObject } from 'cloudflare:workers'
import { gzipSync } from 'node:zlib'

export default {
  fetch(request, env) {
    const path = request.url.indexOf('/', 8) + 1
    const slash = request.url.indexOf('/', path)
    const name = request.url.slice(slash + 1, request.url.indexOf('/', slash + 1))
    const namespace = request.url.startsWith('kvs', path) ? env.KV : env.PAGE
    return namespace.getByName(name).fetch(request)
  },
}

/** As many and as long as those that Biplane's objects answer. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-request-id': '2f1d5a0e-6c1b-4b53-9c3e-0d6a54a2f7b1',
  'content-security-policy':
    'sandbox allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads',
}
const HEADER_LIST = Object.entries(HEADERS)
/** What a new row holds, as in bench/apps/kv.ts. */
const FIRST_VALUE = 'x'.repeat(64)

export class Kv extends DurableObject {
  async fetch(request) {
    const { sql } = this.ctx.storage
    switch (request.method) {
      case 'GET':
        return answer(sql.exec('SELECT value FROM kv WHERE one = 1').one().value)
      case 'PUT':
        sql.exec('UPDATE kv SET value = ? WHERE one = 1', await request.text())
        return answer('ok\n')
      case 'POST':
        this.ctx.storage.transactionSync(() => {
          sql.exec('CREATE TABLE kv (one INTEGER PRIMARY KEY, value TEXT NOT NULL)')
          sql.exec('INSERT INTO kv VALUES (1, ?)', FIRST_VALUE)
        })
        return answer('ok\n', 201)
      default:
        return new Response('method\n', { status: 405 })
    }
  }
}

/** Setting headers is the cheapest way there is: three quarters of what the constructor takes to read them from an object. */
function answer(text, status = 200) {
  const response = new Response(text, { status })
  for (const [name, value] of HEADER_LIST) response.headers.set(name, value)
  return response
}

/** As the wiki type. */
const CHUNK_BYTES = 1024 ** 2

export class Page extends DurableObject {
  async fetch(request) {
    const { storage } = this.ctx
    const { sql } = storage
    if (request.method === 'GET') {
      const { etag } = sql.exec('SELECT etag FROM page').one()
      const rows = sql.exec('SELECT bytes FROM chunk ORDER BY position').toArray()
      const headers = { 'content-type': 'text/html; charset=utf-8', etag, vary: 'Accept-Encoding', ...HEADERS }
      return new Response(rows.length === 1 ? rows[0].bytes : join(rows), {
        headers: { ...headers, 'cache-control': 'private, no-cache', 'content-encoding': 'gzip' },
        encodeBody: 'manual',
      })
    }
    const html = new Uint8Array(await request.arrayBuffer())
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', html))
    const etag = `"${hash.toHex()}"`
    const gzip = gzipSync(html, { level: 1 })
    storage.transactionSync(() => {
      sql.exec('CREATE TABLE IF NOT EXISTS page (one INTEGER PRIMARY KEY, etag TEXT NOT NULL)')
      sql.exec('CREATE TABLE IF NOT EXISTS chunk (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL)')
      sql.exec('DELETE FROM chunk')
      for (let at = 0, position = 0; at < gzip.length; at += CHUNK_BYTES, position++) {
        sql.exec('INSERT INTO chunk VALUES (?, ?)', position, gzip.subarray(at, at + CHUNK_BYTES))
      }
      sql.exec('INSERT INTO page VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET etag = excluded.etag', etag)
    })
    return new Response(null, { status: 204, headers: { etag, ...HEADERS } })
  }
}

function join(rows) {
  const whole = new Uint8Array(rows.reduce((sum, { bytes }) => sum + bytes.byteLength, 0))
  let at = 0
  for (const { bytes } of rows) {
    whole.set(new Uint8Array(bytes), at)
    at += bytes.byteLength
  }
  return whole
}
