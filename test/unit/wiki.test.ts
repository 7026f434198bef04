// The pure parts of the wiki type.

import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { assert, integer, property, uint8Array } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isHtml } from '../../src/types/wiki/body.ts'
import { CHUNK_BYTES, joinChunks, toChunks } from '../../src/types/wiki/chunks.ts'
import { namesEtag, toEtag } from '../../src/types/wiki/etag.ts'
import { gunzip, gunzipSliced, gzip, gzipParts } from '../../src/types/wiki/gzip.ts'
import { acceptsGzip } from '../../src/types/wiki/page.ts'
import { toRefusal } from '../../src/types/wiki/refusal.ts'
import { SLICE_BYTES } from '../../src/types/wiki/slices.ts'
import { checkRetention, retentionWithin, toPrune } from '../../src/types/wiki/versions.ts'
import { ERROR_CODES, ResourceError, statusOf } from '../../src/wire/errors.ts'

describe('entity tags', () => {
  test.each([
    ['"a"', true],
    ['W/"a"', true],
    ['a', true],
    ['*', true],
    [' * ', true],
    ['"b", W/"a"', true],
    ['"b"', false],
    ['W/"b"', false],
    ['"ab"', false],
    ['', false],
  ])('[WK2] %j names the tag "a": %s', (header, expected) => {
    expect(namesEtag(header, '"a"')).toBe(expected)
    expect(namesEtag(header, 'W/"a"')).toBe(expected)
  })

  test('[WK2] a tag is a quoted hash of the bytes', async () => {
    const bytes = new TextEncoder().encode('<p>')
    expect(await toEtag(bytes)).toMatch(/^"[0-9a-f]{32}"$/)
    expect(await toEtag(bytes)).toBe(await toEtag(bytes.slice()))
    expect(await toEtag(bytes)).not.toBe(await toEtag(bytes.slice(1)))
  })
})

test.each([
  [null, false],
  ['', false],
  ['gzip', true],
  ['deflate, gzip;q=1.0, *;q=0.5', true],
  ['GZIP', true],
  ['gzip;q=0', false],
  ['gzip; q=0.000', false],
  ['gzip;q=0.001', true],
  ['*', true],
  ['*;q=0', false],
  ['*, gzip;q=0', false],
  ['br, identity', false],
])('[WK3] Accept-Encoding %j allows gzip: %s', (header, expected) => {
  expect(acceptsGzip(header)).toBe(expected)
})

describe('chunks', () => {
  test('[WK3] joined, they are the content again, and none is larger than asked for', () => {
    assert(
      property(uint8Array({ maxLength: 200 }), integer({ min: 1, max: 64 }), (content, size) => {
        const bytes = new Uint8Array(content)
        const chunks = toChunks(bytes, size)
        expect(chunks.length).toBeGreaterThan(0)
        expect(chunks.every((chunk) => chunk.length <= size)).toBe(true)
        expect(joinChunks(chunks.map((chunk) => chunk.slice().buffer))).toEqual(bytes)
      }),
    )
  })

  test('[WK3] a chunk with its row fits into the smallest value limit of all engines', () => {
    expect(CHUNK_BYTES).toBeLessThan(2_000_000)
  })
})

describe('compressing in slices', () => {
  // Text that compresses, noise that does not, and the sizes around a slice.
  const noise = new Uint8Array(randomBytes(3 * SLICE_BYTES + 5))
  const text = new TextEncoder().encode('TiddlyWiki '.repeat(100_000))
  const contents = [noise, text, noise.subarray(0, SLICE_BYTES), text.subarray(0, SLICE_BYTES + 1), text.subarray(0, 1)]

  test.each(contents.map((content) => [content.length, content] as const))(
    '[WK3] gives %i bytes back as they were, at once and in slices',
    async (_, content) => {
      const sliced = await gzipParts([content.subarray(0, 7), content.subarray(7)])
      const plain = gzip(new Uint8Array(content))
      for (const compressed of [sliced, plain]) {
        expect(gunzipSync(compressed).equals(content)).toBe(true)
        expect(Buffer.from(gunzip(compressed)).equals(content)).toBe(true)
        expect(Buffer.from(await gunzipSliced(compressed)).equals(content)).toBe(true)
      }
    },
  )
})

/** Newest first, of these sizes. */
function versions(...bytes: number[]): { version: number; storedBytes: number }[] {
  return bytes.map((storedBytes, index) => ({ version: bytes.length - index, storedBytes }))
}

describe('retention', () => {
  test.each([
    ['nothing to prune', versions(1, 1, 1), { count: 3, bytes: 3 }, []],
    ['the oldest beyond the count', versions(1, 1, 1, 1), { count: 2, bytes: 99 }, [2, 1]],
    ['the oldest beyond the bytes', versions(4, 4, 4), { count: 9, bytes: 8 }, [1]],
    ['everything older than one that does not fit', versions(4, 9, 1), { count: 9, bytes: 8 }, [2, 1]],
    ['never the newest, however large', versions(99, 1), { count: 9, bytes: 8 }, [1]],
    ['never the newest, whatever the count', versions(1), { count: 0, bytes: 0 }, []],
    ['no versions', [], { count: 1, bytes: 1 }, []],
  ])('[WK4] %s', (_, given, retention, expected) => {
    expect(toPrune(given, retention)).toEqual(expected)
  })

  test.each([{ count: 0 }, { count: 1.5 }, { count: 1_001 }, { bytes: -1 }, { bytes: Number.NaN }])(
    '[WK4] %j is no bound',
    (bounds) => {
      expect(() => checkRetention({ count: 1, bytes: 1, ...bounds })).toThrow(/^versions\.(count|bytes) must be/)
    },
  )

  test('[WK4] history takes at most half of what the resource may hold', () => {
    expect(retentionWithin({ count: 50, bytes: 100 }, 1000)).toEqual({ count: 50, bytes: 100 })
    expect(retentionWithin({ count: 50, bytes: 100 }, 99)).toEqual({ count: 50, bytes: 49 })
  })
})

test.each([
  ['text/html;charset=UTF-8', 'anything', true],
  ['TEXT/HTML', 'anything', true],
  ['application/xhtml+xml', '', true],
  [null, '<!doctype html>', true],
  ['application/octet-stream', '\u{feff}\n  <html>', true],
  ['application/x-www-form-urlencoded', 'a=<b>', false],
  ['text/htmlx', 'no', false],
  [null, '', false],
  [null, '{"a":1}', false],
])('[WK3] type %j and body %j may be a page: %s', (type, body, expected) => {
  expect(isHtml(type, new TextEncoder().encode(body))).toBe(expected)
})

describe('refusals', () => {
  const put = new Request('http://resource/', { method: 'PUT', body: 'x' })

  test.each(ERROR_CODES)('[WK2] a saver gets %s as sentences', async (code) => {
    const response = toRefusal(new ResourceError(code, 'What is wrong.'), 'r', put)
    expect(response.status).toBe(statusOf(code))
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toMatch(/^What is wrong\.( [A-Z].*\.)?\n$/)
  })

  test.each([
    'unauthenticated',
    'permission_denied',
    'deleted',
    'precondition_failed',
    'too_large',
    'storage_full',
  ] as const)('[WK2] and for %s they say what to do', async (code) => {
    const text = await toRefusal(new ResourceError(code, 'What is wrong.'), 'r', put).text()
    expect(text).toMatch(/Nothing was (saved|overwritten)\. .*(tab|images)/)
  })

  test.each(ERROR_CODES)('[WK8] UploadSaver gets %s with the one status that it reads', async (code) => {
    const init = { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=b' }, body: 'x' }
    const response = toRefusal(new ResourceError(code, 'What is wrong.'), 'r', new Request('http://resource/', init))
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([200, null])
    expect(await response.text()).toMatch(/^What is wrong\./)
  })

  test('[WK2] a browser gets text for the page, a script gets a problem document', () => {
    const gone = new ResourceError('deleted', 'Gone.')
    const page = new Request('http://resource/', { headers: { accept: 'text/html,*/*' } })
    expect(toRefusal(gone, 'r', page).headers.get('content-type')).toContain('text/plain')
    const script = new Request('http://resource/versions', { headers: { accept: 'application/json' } })
    expect(toRefusal(gone, 'r', script).headers.get('content-type')).toBe('application/problem+json')
  })
})
