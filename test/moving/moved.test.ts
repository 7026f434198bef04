// What a resource is after it was moved to another cell: same identifier, same address, same content. All cells are in one process.

import { createClient } from 'biplane/client'
import { beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../support/cli.ts'
import { content, create, makeResource, mintToken, openLink, problem, send } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'
import {
  CONTENT_BYTES,
  askToMove,
  beginMove,
  checksum,
  ended,
  filled,
  inspect,
  moved,
  startOneProcess,
} from './movers.ts'

let server: TestServer

beforeAll(async () => {
  server = await startOneProcess()
})

describe('a resource that was moved', () => {
  test('[MV1] is the same under the same address, wherever it goes, and back home', async () => {
    const { id, ask } = await filled(server)
    const before = await checksum(ask('dump'))
    for (const cell of ['other', 'third', 'local', 'other']) {
      const from = (await inspect(server, 'ledgers', id)).resource.cell
      const operation = await moved(server, 'ledgers', id, cell)
      expect(operation).toMatchObject({
        kind: 'move',
        progress: { total: 3, done: 3 },
        cancellable: false,
        subject: { resource: id, from, to: cell },
      })
      expect(await checksum(ask('dump')), `in ${cell}`).toBe(before)
      const { resource, object, work } = await inspect(server, 'ledgers', id)
      expect(resource).toMatchObject({ id, cell, state: 'active' })
      expect(object).toMatchObject({ kind: 'descriptor', descriptor: { mode: 'active' } })
      expect(object).not.toHaveProperty('descriptor.moving')
      expect(work).toEqual([])
    }
    expect((await ask('entries', { method: 'POST', body: 'goes on' })).status).toBe(204)
    expect(await (await ask('entries')).json()).toEqual(['Grüße 🦆', 'goes on'])
    const listed = await server.fetch(`/v1/ledgers?cell=other&q=${id}`)
    expect(((await listed.json()) as { data: { id: string }[] }).data.map((one) => one.id)).toEqual([id])
    const events = (await (await server.fetch('/v1/events?limit=200')).json()) as { data: Record<string, unknown>[] }
    expect(events.data.filter(({ kind, resource }) => kind === 'moved' && resource === id)).toHaveLength(4)
  })

  test('[MV1] has its timers, each once', async () => {
    const { id, ask } = await makeResource(server)
    await ask('timer?name=soon&ms=700', { method: 'POST' })
    await ask('timer?name=late&ms=3600000', { method: 'POST' })
    await moved(server, 'ledgers', id, 'other')
    await expect
      .poll(async () => (await ask('entries')).json(), { timeout: 5_000, interval: 50 })
      .toEqual(['timer soon'])
    await moved(server, 'ledgers', id, 'local')
    expect(await (await ask('entries')).json()).toEqual(['timer soon'])
  })

  test('[MV1] knows the links that were used, and opens for those that were not', async () => {
    const { id } = await create(server, 'sheets')
    const [first, second] = [await mintToken(server, 'sheets', id), await mintToken(server, 'sheets', id)]
    await openLink(server, first.url)
    await moved(server, 'sheets', id, 'other')
    await expect(openLink(server, first.url)).rejects.toThrow('answered 401')
    const cookie = await openLink(server, second.url)
    await expect(openLink(server, second.url)).rejects.toThrow('answered 401')
    const host = new URL(second.url).host
    expect((await send(server, { path: '/entries', headers: { host, cookie } })).status).toBe(200)
  })

  test.each(['file', 'tiddlers'])('[MV1] [MV7] is a wiki with the same checksum, stored as %s', async (storage) => {
    const { id } = await create(server, 'wikis', { params: { storage } })
    const { token } = await mintToken(server, 'wikis', id, { permission: 'admin' })
    const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${server.url}/wikis/${id}/${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, 'x-requested-with': 'TiddlyWiki' },
      })
    if (storage === 'file') {
      const page = await (await ask('')).text()
      const saved = await ask('', { method: 'PUT', body: page.replace('</body>', '<!-- saved --></body>') })
      expect(saved.status).toBe(204)
    } else {
      for (const title of ['Eins', 'Zwei'])
        expect(
          (
            await ask(`recipes/default/tiddlers/${title}`, {
              method: 'PUT',
              body: JSON.stringify({ title, text: title }),
            })
          ).status,
        ).toBe(204)
    }
    const before = [await checksum(ask('')), await checksum(ask('versions')), await checksum(ask('tiddlers.json'))]
    for (const cell of ['other', 'local']) {
      await moved(server, 'wikis', id, cell)
      expect([await checksum(ask('')), await checksum(ask('versions')), await checksum(ask('tiddlers.json'))]).toEqual(
        before,
      )
    }
  })

  test('[MV1] [CM4] [CL6] is moved by the command line and the client, which follow it to its end', async () => {
    const { id } = await makeResource(server)
    const cli = (...args: string[]): ReturnType<typeof runCli> => runCli(args, { BIPLANE_DATA: server.dataDir })
    const byCli = await cli('resources', 'move', id, '--cell', 'other', '--json')
    expect(byCli.code).toBe(0)
    expect(JSON.parse(byCli.stdout)).toMatchObject({
      kind: 'move',
      state: 'succeeded',
      progress: { done: 3, total: 3 },
    })
    expect((await cli('resources', 'move', id)).code).toBe(2)
    const refused = await cli('resources', 'move', id, '--cell', 'other')
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('it is there already')])
    const client = createClient({ baseUrl: server.url, key: server.operatorKey })
    const operation = await client.resources('ledgers').move(id, { cell: 'local' })
    expect(await client.operations.wait(operation)).toMatchObject({ state: 'succeeded' })
    expect((await client.resources('ledgers').get(id)).cell).toBe('local')
  })

  test('[MV4] [MV8] leaves its name to the next one that is called so, which is where the name says', async () => {
    const ask = async (id: string, path: string, init: RequestInit = {}): Promise<Response> =>
      content(server, `/chests/${id}/${path}`, (await mintToken(server, 'chests', id)).token, init)
    const { id } = await create(server, 'chests', { name: 'treasure' })
    await ask(id, 'thing?text=old', { method: 'PUT' })
    await moved(server, 'chests', id, 'other')
    await moved(server, 'chests', id, 'third')
    // From now on its requests go to where it is.
    expect((await ask(id, 'things')).status).toBe(200)
    await server.fetch(`/v1/chests/${id}?purge=true`, { method: 'DELETE' })
    await expect.poll(async () => (await inspect(server, 'chests', id)).row['phase']).toBe('purged')
    const next = await create(server, 'chests', { name: 'treasure' })
    expect(next).toMatchObject({ id, cell: 'local' })
    expect(JSON.stringify(await (await ask(id, 'things')).json())).not.toContain('old')
    await moved(server, 'chests', id, 'third')
    expect((await ask(id, 'thing?text=new', { method: 'PUT' })).status).toBe(200)
    const { place } = (await inspect(server, 'chests', id)).row
    expect(JSON.parse(String(place))).toMatchObject({
      at: { cell: 'third' },
      left: [{ cell: 'other' }, { cell: 'local' }],
    })
  })

  test('[MV4] closes its sockets with "try again later", and takes them where it is', async () => {
    const { id, token } = await makeResource(server)
    const open = (): Promise<TestSocket> =>
      TestSocket.open(`${server.url}/ledgers/${id}/socket`, { authorization: `Bearer ${token}` })
    const before = await open()
    expect(await before.ask('here')).toBe('here')
    const operation = await beginMove(server, 'ledgers', id, 'other')
    expect((await before.closed).code).toBe(1013)
    await ended(server, operation.id)
    const after = await open()
    expect(await after.ask('there')).toBe('there')
    after.close()
  })

  test('[MV1] [MT1] counts in usage what it has, and when it was written', async () => {
    const { id, ask } = await filled(server)
    const writtenMs = Date.now()
    await moved(server, 'ledgers', id, 'other')
    const { usage } = (await inspect(server, 'ledgers', id)).resource as {
      usage?: { bytes: number; last_write_time: string }
    }
    expect(usage?.bytes).toBeGreaterThan(CONTENT_BYTES)
    expect(Math.abs(Date.parse(usage?.last_write_time ?? '') - writtenMs)).toBeLessThan(1_000)
    expect((await ask('entries')).status).toBe(200)
  })
})

describe('what cannot be moved', () => {
  test('[MV7] is refused with the reason, and nothing begins', async () => {
    const { id } = await create(server, 'ledgers')
    const answers = await Promise.all([
      askToMove(server, 'ledgers', id, 'local'),
      askToMove(server, 'ledgers', id, 'nowhere'),
      askToMove(server, 'ledgers', id, 'NO'),
      askToMove(server, 'ledgers', id.replace(/.$/, '0'), 'other'),
    ])
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 404])
    const details = await Promise.all(answers.map(async (answer) => (await problem(answer)).detail))
    expect(details.slice(0, 3)).toEqual([
      expect.stringContaining('it is there already'),
      expect.stringContaining('Choose one of local, other, third'),
      expect.stringContaining('cell'),
    ])
    expect((await inspect(server, 'ledgers', id)).row).toMatchObject({ desired_version: 1, moving: null })
  })

  test('[MV7] a deleted one is told so', async () => {
    const { id } = await create(server, 'ledgers')
    await server.fetch(`/v1/ledgers/${id}`, { method: 'DELETE' })
    expect([410, 404]).toContain((await askToMove(server, 'ledgers', id, 'other')).status)
  })
})

describe('content', () => {
  test('[MV9] every value arrives as it was, wherever SQLite keeps more than JSON can say', async () => {
    const { id, ask } = await makeResource(server, 'attics')
    const before = (await (await ask('things')).json()) as Record<string, unknown>[][]
    const [things, loose] = before
    expect(things?.[0]).toMatchObject({ id: 1, above: 2, length: 21 })
    expect(loose?.map(({ row, kind }) => [row, kind])).toContainEqual(['9223372036854775807', 'integer'])
    await moved(server, 'attics', id, 'other')
    expect(await (await ask('things')).json()).toEqual(before)
    // The number of what is gone is not given again, and the trigger fires once.
    expect(await (await ask('thing?text=new', { method: 'PUT' })).json()).toEqual({ id: 10 })
    expect(((await (await ask('things')).json()) as unknown[][])[3]).toEqual([{ things: 4 }])
  })

  test('[MV9] large content goes page by page', async () => {
    const { id, ask } = await makeResource(server, 'attics')
    for (let part = 0; part < 6; part++) expect((await ask('fill?bytes=4000000', { method: 'PUT' })).status).toBe(204)
    const [before, dump] = [await (await ask('things')).text(), await checksum(ask('dump'))]
    await moved(server, 'attics', id, 'other')
    expect(await (await ask('things')).text()).toBe(before)
    expect(await checksum(ask('dump'))).toBe(dump)
    expect((await inspect(server, 'attics', id)).resource.state).toBe('active')
  })

  test('[MV9] a large live content that is changed while it is copied is not copied by halves', async () => {
    const { ask } = await makeResource(server, 'attics')
    for (let part = 0; part < 8; part++) await ask('fill?bytes=4000000', { method: 'PUT' })
    const reader = (await ask('dump')).body?.getReader()
    await reader?.read()
    expect((await ask('thing?text=meanwhile', { method: 'PUT' })).status).toBe(200)
    const rest = async (): Promise<void> => {
      while (!(await reader?.read())?.done);
    }
    await expect(rest()).rejects.toThrow(/terminated|aborted/)
  })
})
