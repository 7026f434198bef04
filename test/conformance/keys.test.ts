// API keys: their form, what is kept of them, how they end.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { hashApiKey, mintApiKey, parseApiKey, type ApiKey } from '../../src/identity/api-key.ts'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import type { AccountMethod, KeyAudit, KeyJson } from '../../src/wire/account.ts'
import { makeAccount, makeKey } from '../support/accounts.ts'
import { ACCOUNTS_APP } from '../support/apps.ts'
import { content, json, problem } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: ACCOUNTS_APP })
})

describe('a key', () => {
  test('[AC2] that was not issued here is refused, and touches no object', async () => {
    const { id, key } = await makeAccount(server)
    const foreign = createKeyring([{ id: '1', key: Buffer.alloc(32, 1).toString('base64url') }])
    const never = await mintResourceId(foreign, 'account', 'local')
    const [head = '', account = '', secret = ''] = key.key.split('_')
    const wrong = [
      'bp_',
      'bp__',
      `${head}_${account}_`,
      key.key.slice(0, -1),
      `${key.key}0`,
      key.key.toUpperCase(),
      key.key.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      `${head}_${account}_${secret.slice(0, 32).replace(/.$/, (last) => (last === '0' ? '1' : '0'))}${secret.slice(32)}`,
      `${head}_${account}${secret}`,
      `${head}_${never.id}_${secret}`,
      (await mintApiKey(foreign, never.id)).text,
      (await mintApiKey(foreign, id)).text,
    ]
    const files = server.sqliteFiles()
    for (const text of wrong) {
      const refused = await content(server, '/v1/ledgers', text)
      expect([text, refused.status, (await problem(refused)).code]).toEqual([text, 401, 'unauthenticated'])
    }
    expect(server.sqliteFiles()).toEqual(files)
  })

  test('[AC2] whose mac is right and whose secret is not touches the account alone, and is refused', async () => {
    const { id, ask } = await makeAccount(server)
    const keyring = createKeyring(server.secrets.identifierKeys)
    const files = server.sqliteFiles()
    expect((await content(server, '/v1/ledgers', (await mintApiKey(keyring, id)).text)).status).toBe(401)
    expect(server.sqliteFiles()).toEqual(files)
    // Of an account that never was: only who has the deployment's keys gets so far.
    const ghost = await mintResourceId(keyring, 'account', 'local')
    expect((await content(server, '/v1/ledgers', (await mintApiKey(keyring, ghost.id)).text)).status).toBe(401)
    expect((await ask('/v1/ledgers')).status).toBe(200)
  })

  test('[AC3] is shown once, and what is kept of it does not open anything', async () => {
    const { id, key } = await makeAccount(server)
    expect(key).toMatchObject({ name: null, role: 'admin' })
    expect(key.key.split('_').at(-1)?.slice(0, 10)).toBe(key.id)
    const [shown] = await keysOf(id)
    expect(shown).toEqual({ id: key.id, name: null, role: 'admin', create_time: key.create_time })
    // Not in any file, nor in the log, but for its public beginning.
    const secret = key.key.slice(-40 + 10)
    const folder = join(server.dataDir, 'data')
    const names = readdirSync(folder, { recursive: true }).map(String)
    const files = names.filter((name) => name.includes('.sqlite')).map((name) => readFileSync(join(folder, name)))
    expect(files.some((bytes) => bytes.includes(key.id))).toBe(true)
    expect(files.some((bytes) => bytes.includes(secret))).toBe(false)
    expect(JSON.stringify(server.log)).not.toContain(secret)
  })

  test('[AC3] is listed with its last use, which is written once a minute at most', async () => {
    const { id, key, ask } = await makeAccount(server)
    await ask('/v1/ledgers')
    const [first] = await keysOf(id)
    expect(Date.parse(first?.last_used_time ?? '')).toBeGreaterThanOrEqual(Date.parse(key.create_time))
    await ask('/v1/ledgers')
    expect(await keysOf(id)).toEqual([first])
  })

  test('[AC3] [HT2] is made of a name, a role and a lifetime', async () => {
    const { id } = await makeAccount(server)
    const named = await makeKey(server, id, { name: 'deploy', role: 'read', expires_in: 3_600 })
    expect(named).toMatchObject({ name: 'deploy', role: 'read' })
    expect(Date.parse(named.expire_time ?? '') - Date.parse(named.create_time)).toBeCloseTo(3_600_000, -3)
    expect((await makeKey(server, id)).role).toBe('member')
    for (const body of [{ role: 'operator' }, { name: '' }, { expires_in: 0 }, { expires_in: 1e10 }, { other: 1 }])
      expect([body, (await server.fetch(`/v1/accounts/${id}/keys`, json('POST', body))).status]).toEqual([body, 400])
    const none = await server.fetch(`/v1/accounts/${server.secrets.defaultAccount}/keys`, json('POST', {}))
    expect([none.status, (await problem(none)).code]).toEqual([400, 'invalid_request'])
  })

  test('[AC3] an account has a hundred at most; expired ones make room', async () => {
    const { id } = await makeAccount(server)
    const expired = await makeKey(server, id, { expires_in: 1 })
    await Promise.all(Array.from({ length: 98 }, () => makeKey(server, id)))
    await expect.poll(async () => (await content(server, '/v1/ledgers', expired.key)).status).toBe(401)
    expect((await keysOf(id)).map((key) => key.id)).toContain(expired.id)
    await makeKey(server, id)
    const keys = await keysOf(id)
    expect([keys.length, keys.some((key) => key.id === expired.id)]).toEqual([100, false])
    const refused = await server.fetch(`/v1/accounts/${id}/keys`, json('POST', {}))
    expect([refused.status, await problem(refused)]).toEqual([
      403,
      expect.objectContaining({ code: 'quota_exceeded', limit: 100, used: 100 }),
    ])
  })
})

describe('the end of a key', () => {
  test('[AC5] revoked: refused at once and for ever, also after a kill', async () => {
    const { id, ask } = await makeAccount(server)
    const [next, leaked] = [await makeKey(server, id), await makeKey(server, id)]
    expect((await content(server, '/v1/ledgers', leaked.key)).status).toBe(200)
    const revoke = (key: string): Promise<Response> => ask(`/v1/accounts/${id}/keys/${key}`, { method: 'DELETE' })
    const revoked = await revoke(leaked.id)
    expect([revoked.status, ((await revoked.json()) as KeyJson).id]).toEqual([200, leaked.id])
    expect((await content(server, '/v1/ledgers', leaked.key)).status).toBe(401)
    for (const again of [leaked.id, '0000000000', 'x', leaked.key])
      expect([again, (await revoke(again)).status]).toEqual([again, 404])
    await server.data.kill9()
    await server.data.ready()
    expect((await content(server, '/v1/ledgers', leaked.key)).status).toBe(401)
    expect((await content(server, '/v1/ledgers', next.key)).status).toBe(200)
  })

  test('[AC5] an admin revokes himself, and is out', async () => {
    const { id, key, ask } = await makeAccount(server)
    expect((await ask(`/v1/accounts/${id}/keys/${key.id}`, { method: 'DELETE' })).status).toBe(200)
    expect((await ask(`/v1/accounts/${id}/keys`)).status).toBe(401)
  })
})

describe('who manages keys', () => {
  test("[AC4] the operator, and admins of that account; to everybody else's admins it is not there", async () => {
    const [own, other] = [await makeAccount(server), await makeAccount(server)]
    const keys = `/v1/accounts/${own.id}/keys`
    const made = await own.ask(keys, json('POST', { role: 'admin' }))
    expect(made.status).toBe(201)
    for (const role of ['read', 'member']) {
      const { key } = await makeKey(server, own.id, { role })
      for (const [path, init] of [
        [keys],
        [keys, json('POST', {})],
        [`${keys}/${own.key.id}`, { method: 'DELETE' }],
      ] as const)
        expect([role, path, (await content(server, path, key, init)).status]).toEqual([role, path, 403])
    }
    for (const [path, init] of [
      [keys],
      [keys, json('POST', {})],
      [`${keys}/${own.key.id}`, { method: 'DELETE' }],
    ] as const)
      expect([path, (await other.ask(path, init)).status]).toEqual([path, 404])
    expect((await own.ask(keys)).status).toBe(200)
  })

  test('[AC9] what happens to keys is logged: who did what, page by page', async () => {
    const { id, key, ask } = await makeAccount(server)
    const second = (await (
      await ask(`/v1/accounts/${id}/keys`, json('POST', {}, { 'x-request-id': 'made-by-admin' }))
    ).json()) as KeyJson
    await server.fetch(`/v1/accounts/${id}/keys/${second.id}`, { method: 'DELETE' })
    const lines = (await face(id, 'audit', { after: 0, limit: 2 })) as { data: KeyAudit[]; next?: number }
    expect(lines.data).toMatchObject([
      { actor: 'operator', action: 'create_key', resource: `key:${key.id}` },
      { actor: `key:${key.id}`, action: 'create_key', resource: `key:${second.id}`, requestId: 'made-by-admin' },
    ])
    expect(lines.next).toBe(lines.data[1]?.seq)
    const rest = (await face(id, 'audit', { after: lines.next, limit: 2 })) as typeof lines
    expect(rest).toEqual({ data: [expect.objectContaining({ actor: 'operator', action: 'revoke_key' })] })
    // The account's admins read it with everything else that was done in their account.
    const log = (await (await ask('/v1/audit')).json()) as { data: object[] }
    expect(log.data).toMatchObject([
      { type: 'account', action: 'create_key', outcome: 'ok' },
      { type: 'account', action: 'create_key', request_id: 'made-by-admin' },
      { type: 'account', action: 'revoke_key', resource: `key:${second.id}` },
    ])
  })

  test('[AC5] the account answers for itself: unknown, wrong and good keys, and what it allows', async () => {
    const { id, key } = await makeAccount(server, { settings: { limits: { sheet: { resource_bytes: 5 } } } })
    const { keyId, ...rest } = parseApiKey(key.key) as ApiKey
    const hash = await hashApiKey({ keyId, ...rest })
    const refused = { code: 'unauthenticated' }
    expect(await face(id, 'authenticate', { keyId: '0000000000', hash })).toMatchObject(refused)
    for (const bad of ['', hash.slice(1), `${hash}0`, hash.replace(/^./, (first) => (first === '0' ? '1' : '0'))])
      expect(await face(id, 'authenticate', { keyId, hash: bad })).toMatchObject(refused)
    const settings = { limits: { sheet: { resourceBytes: 5 } } }
    expect(await face(id, 'authenticate', { keyId, hash })).toEqual({ role: 'admin', settings })
    expect(await face(id, 'describe', {})).toEqual({ mode: 'active', settings })
  })
})

async function keysOf(account: string): Promise<KeyJson[]> {
  return ((await (await server.fetch(`/v1/accounts/${account}/keys`)).json()) as { data: KeyJson[] }).data
}

/** The value, or the refusal. */
async function face(account: string, method: AccountMethod, args: object): Promise<unknown> {
  const response = await fetch(`${server.url}/account-face`, json('POST', { account, method, args }))
  const outcome = (await response.json()) as { ok: boolean; value?: unknown; error?: unknown }
  return outcome.ok ? outcome.value : outcome.error
}
