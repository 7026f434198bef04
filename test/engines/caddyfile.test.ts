// The Caddyfile of deploy/, held against the identifiers, hosts and paths that there are. What it means to Caddy itself is asked where
// Caddy is.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toCrockford } from '../../src/identity/crockford.ts'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId, parseResourceId } from '../../src/identity/resource-id.ts'
import { deployFile } from '../support/deploy-files.ts'
import { ROOT } from '../support/server.ts'

/** As Caddy reads it where neither variable is set; without comments. */
const text = readFileSync(deployFile('Caddyfile'), 'utf8')
  .replaceAll(/^\s*#.*\n/gm, '')
  .replaceAll(/\{\$\w+:([^}]*)\}/g, '$1')

/** Address or snippet -> the lines in it. */
const blocks = new Map(
  Array.from(text.matchAll(/^(\S+) \{\n([\s\S]*?)^\}/gm), ([, head = '', body = '']) => [
    head,
    body.split('\n').map((line) => line.trim()),
  ]),
)

const [toCell, toServer] = Array.from(
  (blocks.get('(to_cell)') ?? []).join('\n').matchAll(/^map (\S+) (\S+) \{\n([\s\S]*?)^\}/gm),
  ([, source = '', target = '', body = '']) => ({ source, target, lines: body.trim().split('\n') }),
) as unknown as readonly [MapDirective, MapDirective]

interface MapDirective {
  readonly source: string
  readonly target: string
  readonly lines: readonly string[]
}

/** Caddy takes the first that matches. */
const patterns = toCell.lines.flatMap((line) => {
  const found = /^"~(.*)" "\$\{1\}"$/.exec(line)?.[1]
  return found === undefined ? [] : [new RegExp(found)]
})
const servers = new Map(toServer.lines.map((line) => line.split(' ') as [string, string]))

/** What the two maps make of a text: the cell, and where it is. */
function route(source: string): readonly [cell: string, server: string | undefined] {
  const cell = patterns.map((pattern) => pattern.exec(source)?.[1]).find((found) => found !== undefined) ?? 'none'
  return [cell, servers.get(cell) ?? servers.get('default')]
}

const keyring = createKeyring([{ id: '1', key: Buffer.alloc(32, 7).toString('base64url') }])
const word = (first: number, rest: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[a-z][a-z0-9]{${first},${rest}}$`))

describe('the Caddyfile', () => {
  test('[CA8] finds the cell of every identifier that can be minted, as a host and in a path', async () => {
    // Names that look like what follows them in an identifier, among others.
    const names = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.constantFrom('lon', 'a lon 1vhz01ab', 'pdx-1vhz01ab'),
      fc.constant(undefined),
    )
    await fc.assert(
      fc.asyncProperty(word(1, 11), word(1, 7), word(1, 11), names, async (type, cell, plural, name) => {
        const { id } = await mintResourceId(keyring, type, cell, name)
        expect(parseResourceId(id)?.cell).toBe(cell)
        const sources = [
          `${id}.pages.example/`,
          `${id}.pages.example/a/b.html`,
          `wikis.example/${plural}/${id}/`,
          `wikis.example/${plural}/${id}`,
        ]
        for (const source of [...sources, `wikis.example/${plural}/${id}/~eyJhbGciOi.x.y/tiddlers`, `${id}.`])
          expect(route(source)[0]).toBe(cell)
      }),
    )
    // Of a type that is addressed by the platform's own identifiers: it has no host.
    expect(route(`wikis.example/docs/doc-u${toCrockford(new Uint8Array(33).fill(19), 52)}-pdx/`)[0]).toBe('pdx')
  })

  test('[CA8] sends what has no identifier to the default, and a cell that it does not know, too', () => {
    const { id } = { id: 'wiki-4k7t0qj9m2xdpw3r-lon-1vhz01ab' }
    expect(route(`${id}.pages.example/`)).toEqual(['lon', '10.0.1.1:8787'])
    expect(route(`wikis.example/wikis/${id.replace('lon', 'pdx')}/`)).toEqual(['pdx', '10.0.2.1:8787'])
    expect(route(`${id.replace('lon', 'mars')}.pages.example/`)).toEqual(['mars', '127.0.0.1:8787'])
    const paths = [
      '/',
      '/v1/wikis',
      `/v1/wikis/${id}`,
      '/sign-in',
      '/assets/console-1vhz01ab.js',
      '/healthz',
      '/wikis/',
      '/wikis/wiki-lon',
      `/a/b/${id}/`,
    ]
    expect(paths.map((path) => route(`wikis.example${path}`)[0])).toEqual(paths.map(() => 'none'))
    expect(patterns).toHaveLength(3)
    // An own origin is its host's, whatever its paths are.
    expect(route(`${id}.pages.example/wikis/${id.replace('lon', 'pdx')}/`)[0]).toBe('lon')
    // What ends like an identifier and goes on is none, and neither is one inside another word.
    for (const source of [`${id}x.pages.example/`, `wikis.example/${id}.pages.example/`, `wikis.example/wikis/${id}x/`])
      expect(route(source)[0]).toBe('none')
  })

  test('[CA8] has the main host, every own origin, and the header of owners’ host names as docs/hosts.md says', () => {
    expect([toCell.source, toCell.target, toServer.source, toServer.target]).toEqual([
      '{args[0]}',
      '{cell}',
      '{cell}',
      '{server}',
    ])
    for (const site of ['wikis.example', '*.pages.example']) {
      expect(blocks.get(site)).toEqual([
        'import certificate',
        'import to_cell {host}{path}',
        'reverse_proxy {server}',
        '',
      ])
    }
    expect(blocks.get('(owned)')).toContain('header_up Host {args[0]}.pages.example')
    expect(readFileSync(join(ROOT, 'docs/hosts.md'), 'utf8')).toMatch(/header_up Host \S+\.pages\.example/)
    // What visitors send of these must not be passed on, and nothing here does.
    expect(text).not.toMatch(/header_up \+?X-Forwarded|trusted_proxies/)
  })

  test('[CA8] Caddy takes it, where Caddy is', () => {
    if (spawnSync('caddy', ['version']).status !== 0)
      return console.info('caddy is not here: the file was read by this test alone')
    const read = spawnSync(
      'caddy',
      ['adapt', '--config', deployFile('Caddyfile'), '--adapter', 'caddyfile', '--validate'],
      { encoding: 'utf8' },
    )
    expect([read.status, read.stderr]).toEqual([0, expect.anything()])
  })
})
