// Cells that are away: dead, frozen, replaced. What lives there is away with them, and nothing else is.

import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { toCells, toSeveralCells } from '../../src/cli/cells.ts'
import type { CellTable } from '../../src/identity/cell.ts'
import { createClient } from '../../src/client/index.ts'
import { makeAccount } from '../support/accounts.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { disposeCells, startCells, type Cells } from '../support/cells.ts'
import { makeCertificate, type Certificate } from '../support/certificate.ts'
import { runCli } from '../support/cli.ts'
import { content, create, makeResource, mintToken, problem } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import { SOON } from '../support/tenant.ts'

/** Far below any deadline: what is known to be dead is not waited for. */
const AT_ONCE_MS = 2_000

let world: Cells<'alpha' | 'beta'>
let alpha: TestServer
let beta: TestServer
let certificate: Certificate
let directory: string

// One after the other does something to beta, and brings it back, but for the last one.
beforeAll(async () => {
  directory = makeTestDirectory()
  const ca = join(directory, 'ca.pem')
  certificate = makeCertificate(['localhost'])
  writeFileSync(ca, certificate.cert)
  world = await startCells(['alpha', 'beta'], {
    app: LEDGER_APP,
    aliases: { old: 'beta' },
    timers: { hopAnswerMs: 1_500 },
    args: ['--cell-ca', ca],
  })
  ;({ alpha, beta } = world.servers)
})
afterAll(async () => {
  await disposeCells(world)
  rmSync(directory, { recursive: true, force: true })
})

test('[CE7] [CM4] a dead cell is told at once by name, and comes back by itself; everything else goes on', async () => {
  const here = await makeResource(alpha)
  const far = await create(beta, 'ledgers', { name: 'far' })
  const { token } = await mintToken(alpha, 'ledgers', far.id)
  const path = `/ledgers/${far.id}/entries`
  expect((await content(alpha, path, token, { method: 'POST', body: 'kept' })).status).toBe(204)
  await beta.stop()
  for (const [method, body] of [
    ['GET', undefined],
    ['POST', 'lost'],
    ['POST', 'x'.repeat(100_000)],
  ] as const) {
    const begin = performance.now()
    const down = await content(alpha, path, token, { method, ...(body === undefined ? {} : { body }) })
    expect(performance.now() - begin).toBeLessThan(AT_ONCE_MS)
    expect(down.headers.get('retry-after')).toBe('1')
    expect([down.status, await problem(down)]).toEqual([
      503,
      expect.objectContaining({
        code: 'unavailable',
        cell: 'beta',
        // Of what changes something nobody knows: it may have arrived before the connection broke.
        applied: method === 'GET' ? 'no' : 'unknown',
        detail: expect.stringContaining('"beta"') as string,
      }),
    ])
  }
  const socket = await TestSocket.open(`${alpha.url}/ledgers/${far.id}/socket`, { authorization: `Bearer ${token}` })
  expect((await socket.closed).code).toBe(1013)
  let said = ''
  const patient = runCli(
    ['ledgers', 'create', '--cell', 'beta', '--name', 'patient'],
    { BIPLANE_URL: alpha.url, BIPLANE_KEY: alpha.operatorKey },
    (stderr) => (said = stderr),
  )
  await vi.waitFor(() => expect(said).toContain('is recorded'), { timeout: 20_000 })
  const made = await alpha.fetch('/v1/ledgers', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cell: 'beta', name: 'waits' }),
  })
  expect(made.status).toBe(202)
  expect((await here.ask('entries', { method: 'POST', body: 'x' })).status).toBe(204)
  await beta.start()
  const { code, stdout, stderr } = await patient
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^state +active$/m)])
  const [, id = ''] = /^(\S+) \(creating\) is recorded; waiting for its object in the cell beta\. /.exec(stderr) ?? []
  expect(stdout).toMatch(new RegExp(`^id +${id}$`, 'm'))
  expect(await (await content(alpha, path, token)).json()).toEqual(['kept'])
  const location = made.headers.get('location') ?? ''
  await vi.waitFor(
    async () => expect(await (await alpha.fetch(location)).json()).toMatchObject({ state: 'active' }),
    SOON,
  )

  // Frozen: nothing says that it is away. Who asks first waits, for as long as was said; the others do not.
  const pid = beta.data.pid ?? 0
  process.kill(pid, 'SIGSTOP')
  const waited = performance.now()
  expect((await content(alpha, path, token)).status).toBe(504)
  expect(performance.now() - waited).toBeLessThan(1_500 + AT_ONCE_MS)
  const begin = performance.now()
  expect((await content(alpha, path, token)).status).toBe(503)
  expect(performance.now() - begin).toBeLessThan(AT_ONCE_MS / 2)
  expect((await here.ask('entries')).status).toBe(200)
  process.kill(pid, 'SIGCONT')
  await vi.waitFor(async () => expect((await content(alpha, path, token)).status).toBe(200), SOON)
})

test('[CE7] [CL7] what is given to another account while its cell is away is told, once it is back, as given', async () => {
  const { id } = await create(beta, 'ledgers')
  const { id: account } = await makeAccount(alpha)
  await beta.stop()
  const ledgers = createClient({ baseUrl: alpha.url, key: alpha.operatorKey }).resources('ledgers')
  const seen: string[] = []
  const given = ledgers.transfer(id, account, { wait: true, onProgress: (resource) => seen.push(resource.id) })
  await Promise.race([given, expect.poll(() => seen, { timeout: 15_000 }).toContain(id)])
  await beta.start()
  expect(await given).toMatchObject({ id, account, state: 'active' })
})

test('[CE9] a hop over TLS goes to whom its certificate names, and to nobody else', async () => {
  const far = await makeResource(beta)
  const ask = async (): Promise<Response> => content(alpha, `/ledgers/${far.id}/entries`, far.token)
  const cells = JSON.parse(readFileSync(world.cellsFile, 'utf8')) as Record<string, { address: string }>
  const lead = async (to: string): Promise<void> => {
    writeFileSync(world.cellsFile, JSON.stringify({ ...cells, beta: { address: to } }))
    await alpha.restart()
  }
  await lead(`https://localhost:${await terminateTls(certificate, beta)}`)
  expect((await ask()).status).toBe(200)
  await lead(`https://localhost:${await terminateTls(makeCertificate(['localhost']), beta)}`)
  const refused = await ask()
  expect([refused.status, (await problem(refused))['cell']]).toEqual([503, 'beta'])
  await lead(cells['beta']?.address ?? '')
  expect((await ask()).status).toBe(200)
})

test('[CE7] [CE4] cells whose tables or secrets differ say so', async () => {
  const far = await makeResource(beta)
  const ask = async (): Promise<unknown> => {
    const answer = await content(alpha, `/ledgers/${far.id}/entries`, far.token)
    return [answer.status, (await problem(answer)).code]
  }
  // Whoever answers at that address has another table: for him beta is elsewhere.
  const cells = JSON.parse(readFileSync(world.cellsFile, 'utf8')) as Record<string, { address: string }>
  const other = join(dirname(world.cellsFile), 'other.json')
  writeFileSync(
    other,
    JSON.stringify({ gamma: cells['beta'], beta: { address: 'http://127.0.0.1:9' }, alpha: cells['alpha'] }),
  )
  const dataDir = join(dirname(world.cellsFile), 'gamma')
  copyFileSync(alpha.secretsFile, `${dataDir}.secrets.json`)
  await beta.stop()
  const gamma = await startServer({
    app: LEDGER_APP,
    dataDir,
    port: beta.port,
    args: ['--cell', 'gamma', '--cells-file', other],
  })
  expect(await ask()).toEqual([421, 'misdirected'])
  await gamma.dispose()

  // And one of another deployment believes nobody.
  const foreign = await startServer({ app: LEDGER_APP, port: beta.port, args: ['--cell', 'beta'] })
  const created = await alpha.fetch('/v1/ledgers', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"cell":"beta"}',
  })
  const { location } = Object.fromEntries(created.headers) as { location: string }
  const inspected = await alpha.fetch(`${location}/inspect`)
  expect(await inspected.text()).toContain('is no cell of this deployment')
  await foreign.dispose()
  await beta.start()
  expect((await content(alpha, `/ledgers/${far.id}/entries`, far.token)).status).toBe(200)
})

test('[CE8] a code may share another one’s place; a cell that died is adopted by a change of the table alone', async () => {
  const aliased = await create(alpha, 'ledgers', { cell: 'old' })
  expect(aliased.id).toMatch(/-old-/)
  const { token } = await mintToken(beta, 'ledgers', aliased.id)
  const path = `/ledgers/${aliased.id}/entries`
  for (const server of [alpha, beta])
    expect((await content(server, path, token, { method: 'POST', body: 'x' })).status).toBe(204)

  const [backup, dataDir] = [join(directory, 'backup'), join(directory, 'data')]
  const flags = [`--data=${beta.dataDir}`, `--secrets=${beta.secretsFile}`]
  expect(await runCli(['backup', backup, ...flags])).toMatchObject({ code: 0 })
  await beta.kill9()
  world.links.beta.close()
  copyFileSync(alpha.secretsFile, `${dataDir}.secrets.json`)
  expect(await runCli(['restore', backup, `--data=${dataDir}`])).toMatchObject({ code: 0 })
  const args = ['--cell', 'beta', '--cells-file', world.cellsFile]
  const heir = await startServer({ app: LEDGER_APP, dataDir, args })
  const cells = JSON.parse(readFileSync(world.cellsFile, 'utf8')) as Record<string, object>
  writeFileSync(
    world.cellsFile,
    JSON.stringify({ ...cells, beta: { address: heir.url }, old: { address: heir.url } } satisfies CellTable),
  )
  await heir.restart()
  await alpha.restart()
  // As soon as it has been told what has happened since its backup.
  await expect.poll(async () => (await content(heir, path, token)).status, { timeout: 20_000 }).toBe(200)
  for (const server of [alpha, heir]) expect(await (await content(server, path, token)).json()).toEqual(['x', 'x'])
  expect((await create(alpha, 'ledgers', { cell: 'beta' })).cell).toBe('beta')
})

describe('what was written down wrongly', () => {
  test.each([
    [{ alpha: {} }, 'beta', 'there is no cell "beta"'],
    [{ alpha: {}, beta: {} }, undefined, 'which cell is this server?'],
    [{ 'al-pha': {} }, undefined, 'is no cell code'],
    [{}, undefined, 'the cell table is empty'],
    [{ alpha: { adress: 'https://a.example' } }, undefined, '"adress" is not known'],
    [{ alpha: { address: 'ftp://a.example' } }, undefined, 'is no address'],
    [{ alpha: { address: 'https://a.example/path' } }, undefined, 'is no address'],
    [{ alpha: { hint: 'mars' } }, undefined, 'is no location hint'],
    [{ alpha: 'https://a.example' }, undefined, 'it is no object of places'],
    [[], undefined, 'it is no object of places'],
    ['{', undefined, 'cannot read the cells file'],
    [undefined, undefined, 'cannot read the cells file'],
    [{ alpha: { address: 'http://a.example' }, beta: {} }, 'alpha', 'does not say where "beta" is'],
    [{ alpha: {}, beta: {}, gamma: { address: 'http://a.example' } }, 'alpha', 'does not say where "beta" is'],
  ])('[CE9] fails at the start: %j %j', (table, cell, message) => {
    const cellsFile = join(directory, 'cells.json')
    if (table !== undefined) writeFileSync(cellsFile, table === '{' ? '{' : JSON.stringify(table))
    expect(() => toCells({ cellsFile, ...(cell === undefined ? {} : { cell }) })).toThrow(message)
  })

  test('[CE9] [CE8] a place need not be said of the cell itself, and of none where all are one server’s', () => {
    const cellsFile = join(directory, 'cells.json')
    const tables: CellTable[] = [
      { alpha: {}, beta: { address: 'http://b.example' } },
      { alpha: {}, beta: {} },
      { alpha: { address: 'http://a.example' }, beta: { address: 'http://a.example' } },
    ]
    for (const cells of tables) {
      writeFileSync(cellsFile, JSON.stringify(cells))
      expect(toCells({ cellsFile, cell: 'alpha' })).toEqual({ cell: 'alpha', cells })
    }
    writeFileSync(cellsFile, JSON.stringify({ m1: {}, m2: { address: 'http://m.example' }, beta: {} }))
    expect(() => toSeveralCells(['m1', 'm2'], cellsFile)).toThrow('does not say where "beta" is')
  })

  test("[CE9] another cell's data is not served", async () => {
    const server = await startServer({ app: LEDGER_APP, args: ['--cell', 'alpha'] })
    await server.stop()
    const { code, stderr } = await runCli(['serve', `--data=${server.dataDir}`, '--port=0', '--cell', 'beta'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('is of the cell "alpha"')])
  })
})

/** @returns the port */
async function terminateTls(by: Certificate, before: TestServer): Promise<number> {
  const server = createServer({ key: by.key, cert: by.cert }, (request, response) => {
    const { method, url: path, headers } = request
    const onward = httpRequest(
      { host: '127.0.0.1', port: before.port, method, path, headers },
      (answer: IncomingMessage) => {
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
        answer.pipe(response)
      },
    )
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close().closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}
