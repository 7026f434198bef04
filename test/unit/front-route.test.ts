import { expect, test } from 'vitest'
import { cellOfHead } from '../../src/engine/front-route.ts'

const ID = 'wiki-4k7t0qj9m2xdpw3r-weur-1vhz01ab'
const OTHER = 'wiki-4k7t0qj9m2xdpw3r-wnam-1vhz01ab'
const ACCOUNT = 'account-4k7t0qj9m2xdpw3r-weur-1vhz01ab'

test.each([
  [`GET /wikis/${ID}/ HTTP/1.1\r\nHost: x\r\n\r\n`, 'weur'],
  [`GET /wikis/${ID} HTTP/1.1\r\nHost: x\r\n\r\n`, 'weur'],
  [`GET /wikis/${ID}?a=/wikis/${OTHER}/ HTTP/1.1\r\nHost: x\r\n\r\n`, 'weur'],
  [`GET http://x/wikis/${ID}/a HTTP/1.1\r\nHost: x\r\n\r\n`, 'weur'],
  [`GET /wikis/by-name/${ACCOUNT}/notes HTTP/1.1\r\nHost: x\r\n\r\n`, 'weur'],
  [`GET / HTTP/1.1\r\nHost: ${ID}.wikis.example:8787\r\n\r\n`, 'weur'],
  [`GET / HTTP/1.1\nhost:${ID.toUpperCase()}.localhost\n\n`, 'weur'],
  [`GET /wikis/${ID}/ HTTP/1.1\r\nHost: ${OTHER}.localhost\r\n\r\n`, 'weur'],
  [`GET /wikis/${ID}/ HTTP/1.1\r\nHost: x\r\nbiplane-hop: request 1 wnam id - mac\r\n\r\n`, 'wnam'],
  [`POST /hop/data HTTP/1.1\r\nHost: wnam\r\nBiplane-Hop: call 1 wnam@ id - mac\r\n\r\n`, 'wnam'],
  [`GET /wikis/${ID}/ HTTP/1.1\r\nHost: x\r\nx: biplane-hop: request 1 wnam\r\n\r\n`, 'weur'],
  [`GET /wikis/${ID}/ HTTP/1.1\r\nHost: x\r\nbiplane-hop: nonsense\r\n\r\n`, 'weur'],
  [`GET /v1/wikis/${ID} HTTP/1.1\r\nHost: x\r\n\r\n`, undefined],
  [`GET / HTTP/1.1\r\nHost: x\r\nReferer: http://x/wikis/${ID}/\r\n\r\n`, undefined],
  [`GET /wikis/${ID.toUpperCase()}/ HTTP/1.1\r\nHost: x\r\n\r\n`, undefined],
  [`GET /assets/${ID}/ HTTP/1.1\r\n\r\n`, 'weur'],
  ['GET', undefined],
  ['\r\n\r\n', undefined],
  ['', undefined],
])('[CE10] the head %j belongs to %s', (head, cell) => {
  expect(cellOfHead(head)).toBe(cell)
})

test('[CE11] a head is read in time that grows with it and no faster, whatever is in it', () => {
  const spaces = ' '.repeat(60_000)
  const began = process.cpuUsage()
  for (const head of [
    `GET / HTTP/1.1\r\nhost:${spaces}\rX\r\n\r\n`,
    `GET / HTTP/1.1\r\nbiplane-hop:${spaces}\rX\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: a${spaces}b\r\n\r\n`,
    `GET /${'/'.repeat(60_000)} HTTP/1.1\r\n\r\n`,
    `${'\nhost'.repeat(12_000)}\r\n\r\n`,
  ])
    expect(cellOfHead(head)).toBeUndefined()
  // A thousand times what it takes; what grows with the square would be minutes.
  expect(process.cpuUsage(began).user).toBeLessThan(2_000_000)
})
