import { Agent } from 'node:http'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeyring, type Keyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { create, send } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

const COUNT = 10_000
/** Enough to keep the server busy, few enough that the client is not what is measured. */
const CONCURRENCY = 16
const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz'

let server: TestServer
let ids: readonly string[]
let foreign: Keyring
const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY })

beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
  ids = [(await create(server, 'ledgers')).id, (await create(server, 'sheets', { name: 'A slug' })).id]
  foreign = createKeyring([{ id: '1', key: randomBytes(32).toString('base64url') }])
})
afterAll(() => agent.destroy())

test('[ID4] ten thousand forged identifiers are refused on both planes, and no object is touched', async () => {
  const before = server.sqliteFiles()
  let next = 0
  const wrong: string[] = []
  const workers = Array.from({ length: CONCURRENCY }, async () => {
    for (let n = next++; n < COUNT; n = next++) {
      const { plural, id } = await forge(n)
      const isControl = n % 2 === 0
      const headers: Record<string, string> = isControl ? { authorization: `Bearer ${server.operatorKey}` } : {}
      const path = isControl ? `/v1/${plural}/${id}` : `/${plural}/${id}/`
      const { status } = await send(server, { path, headers, agent })
      if (status !== 404) wrong.push(`${status} ${path}`)
    }
  })
  await Promise.all(workers)
  expect(wrong).toEqual([])
  expect(server.sqliteFiles()).toEqual(before)
})

test('[ID2] the one spelling of an identifier is served, and every other one refused', async () => {
  const [id = ''] = ids
  const status = async (spelling: string): Promise<number> =>
    (
      await send(server, {
        path: `/v1/ledgers/${spelling}`,
        headers: { authorization: `Bearer ${server.operatorKey}` },
      })
    ).status
  expect(await status(id)).toBe(200)
  for (const other of [
    id.toUpperCase(),
    ` ${id}`.replaceAll(' ', '%20'),
    `${id}%00`,
    `${id}-`,
    id.replaceAll('-', '_'),
  ])
    expect([other, await status(other)]).toEqual([other, 404])
  // A browser lower-cases host names; an origin of another spelling is the same one.
  const host = `${id.toUpperCase()}.localhost:${server.port}`
  expect((await send(server, { path: '/entries', headers: { host } })).status).toBe(401)
})

/** The ways to make an identifier that was never issued here, in turn. */
async function forge(n: number): Promise<{ plural: string; id: string }> {
  const id = ids[(n >> 1) % ids.length] ?? ''
  const type = id.slice(0, id.indexOf('-'))
  const plural = `${type}s`
  const other = type === 'ledger' ? 'sheet' : 'ledger'
  switch (n % 11) {
    case 0: // a character of the label
      return { plural, id: changeAt(id, type.length + 1 + (n % 5)) }
    case 1: // another cell
      return { plural, id: id.replace('-local-', '-weur-') }
    case 2: // a character of the tag
      return { plural, id: changeAt(id, id.length - 7 + (n % 7)) }
    case 3: // a random tag
      return { plural, id: id.slice(0, -8) + randomLabel(8) }
    case 4: // everything random
      return { plural, id: `${type}-${randomLabel(16)}-local-${randomLabel(8)}` }
    case 5: // issued, for another type
      return { plural: `${other}s`, id }
    case 6: // the same label as another type
      return { plural: `${other}s`, id: other + id.slice(type.length) }
    case 7: // another deployment's
      return { plural, id: (await mintResourceId(foreign, type, 'local')).id }
    case 8: // upper case
      return { plural, id: id.toUpperCase() }
    case 9: // what a person may read instead of a character
      return { plural, id: id.slice(0, -1) + 'ilou'.charAt(n % 4) }
    default: // an unknown key
      return { plural, id: `${id.slice(0, -8)}z${id.slice(-7)}` }
  }
}

function changeAt(id: string, index: number): string {
  const old = id.charAt(index)
  const other = CROCKFORD.charAt((CROCKFORD.indexOf(old) + 1) % CROCKFORD.length)
  return id.slice(0, index) + other + id.slice(index + 1)
}

function randomLabel(length: number): string {
  return Array.from(randomBytes(length), (byte) => CROCKFORD.charAt(byte % CROCKFORD.length)).join('')
}
