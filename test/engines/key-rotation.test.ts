// Keys of the deployment outside and inside: tokens that a builder's backend makes by itself, and new keys while the server goes on.

import { Agent } from 'node:http'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { mintToken as mintOffline } from '../../dist/tokens.js'
import { createTokenSigner } from '../../src/identity/token.ts'
import type { DeploymentSecrets } from '../../src/wire/deployment.ts'
import { makeAccount, makeKey } from '../support/accounts.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { runCli } from '../support/cli.ts'
import { claimsOf } from '../support/tokens.ts'
import { content, create, json, mintToken, openLink, ownHost, send, type SendOptions } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP })
})

describe('minting offline', () => {
  test("[AU14] the server takes a backend's token for one of its own, also while the control plane is dead", async () => {
    const { id } = await create(server, 'ledgers')
    const path = `/ledgers/${id}/entries`
    const { deployment, tokenKeys } = server.secrets
    const secrets = { deployment, tokenKeys }
    const reader = await mintOffline(secrets, { resource: id })
    const writer = await mintOffline(secrets, { resource: id, permission: 'write', expiresIn: 60, tokenId: 'job-7' })
    expect(writer.tokenId).toBe('job-7')
    expect(writer.expireTime.getTime() - Date.now()).toBeLessThanOrEqual(60_000)
    expect((await content(server, path, reader.token)).status).toBe(200)
    expect((await content(server, path, reader.token, { method: 'POST', body: 'x' })).status).toBe(403)
    expect((await content(server, path, writer.token, { method: 'POST', body: 'x' })).status).toBe(204)
    const other = await create(server, 'ledgers')
    expect((await content(server, `/ledgers/${other.id}/entries`, writer.token)).status).toBe(401)
    expect((await content(server, '/v1/ledgers', writer.token)).status).toBe(401)

    await server.fetch(`/v1/ledgers/${id}/tokens/job-7`, { method: 'DELETE' })
    expect((await content(server, path, writer.token)).status).toBe(401)
    await server.fetch(`/v1/ledgers/${id}/tokens`, { method: 'DELETE' })
    expect((await content(server, path, (await mintOffline(secrets, { resource: id })).token)).status).toBe(401)
    await server.control.kill9()
    const next = await mintOffline(secrets, { resource: id, generation: 2 })
    expect((await content(server, path, next.token)).status).toBe(200)
    await server.control.ready()
  })

  test('[AU14] the token keys make nobody the operator', async () => {
    const { deployment, tokenKeys } = server.secrets
    const endsAt = Math.floor(Date.now() / 1000) + 600
    const claims = { type: 'operator', resource: deployment, permission: 'admin', generation: 0, endsAt } as const
    const times = { ...claims, expiresAt: endsAt }
    const signer = createTokenSigner(deployment, tokenKeys)
    const cookie = `__Host-biplane-operator=${await signer.mint({ ...times, use: 'operator-session' })}`
    const asOperator = { headers: { cookie, origin: server.url } }
    expect((await fetch(`${server.url}/v1/accounts`, asOperator)).status).toBe(401)
    expect((await fetch(`${server.url}/v1/accounts`, { ...asOperator, method: 'POST' })).status).toBe(401)
    const code = await signer.mint({ ...times, use: 'operator-code' })
    expect((await fetch(`${server.url}/sign-in?code=${code}`, { redirect: 'manual' })).status).toBe(401)
  })

  test.each([
    [{ resource: 'nonsense' }, 'no identifier of a resource'],
    [{ permission: 'own' as 'read' }, 'permission'],
    [{ tokenId: 'a b' }, 'no identifier of a token'],
    [{ expiresIn: 0 }, 'expiresIn'],
    [{ expiresIn: 30 * 24 * 3_600 + 1 }, 'expiresIn'],
    [{ generation: 0 }, 'generation'],
  ])('[AU14] what the server would not take is not made: %j', async (wrong, message) => {
    const resource = 'ledger-0000000000000000-local-00000000'
    await expect(mintOffline(server.secrets, { resource, ...wrong })).rejects.toThrow(message)
    await expect(mintOffline({ deployment: 'x', tokenKeys: [] }, { resource })).rejects.toThrow('no token key')
  })
})

describe('rotating keys', () => {
  test('[AU15] under load every request that was begun is answered; old tokens go on, and end with their key', async () => {
    const { id } = await create(server, 'ledgers')
    const path = `/ledgers/${id}/entries`
    const old = await mintToken(server, 'ledgers', id)
    const account = await makeAccount(server)
    const load = startLoad(path, old.token)
    const rotated = await rotate('token')
    expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining('the running server uses it') })
    expect(statSync(server.secretsFile).mode & 0o777).toBe(0o600)
    expect(server.secrets.tokenKeys.map((key) => key.id)).toEqual(['1', '2'])
    const fresh = await mintToken(server, 'ledgers', id)
    expect([kidOf(old.token), kidOf(fresh.token)]).toEqual(['1', '2'])
    for (const { token } of [old, fresh]) expect((await content(server, path, token)).status).toBe(200)
    // A session that began with the older key goes on.
    const cookie = await openLink(server, old.url)
    expect(claimsOf(cookie).perm).toBe('write')

    expect((await rotate('token', '--retire')).code).toBe(0)
    const answers = await load()
    expect(new Set(answers.filter((status) => status !== 401))).toEqual(new Set([200, 201]))
    expect(answers.length).toBeGreaterThan(20)
    expect(server.secrets.tokenKeys.map((key) => key.id)).toEqual(['2'])
    expect((await content(server, path, old.token)).status).toBe(401)
    expect((await content(server, path, fresh.token)).status).toBe(200)
    const origin = { host: ownHost(server, id), cookie }
    // Made after the rotation, so of the newer key.
    expect((await send(server, { path: '/entries', headers: origin })).status).toBe(200)
    expect((await account.ask('/v1/ledgers')).status).toBe(200)
  })

  test("[AU15] the operator's keys both work, until the older one is retired", async () => {
    const [old, account] = [server.operatorKey, await makeAccount(server)]
    const before = await signIn(old)
    expect((await rotate('operator')).code).toBe(0)
    const [, fresh = ''] = server.secrets.operatorKeys
    for (const key of [old, fresh]) expect((await content(server, '/v1/ledgers', key)).status).toBe(200)
    const cookies = [before, await signIn(old), await signIn(fresh)]
    const sessions = async (): Promise<number[]> => {
      const asked = cookies.map((cookie) => fetch(`${server.url}/v1/session`, { headers: { cookie } }))
      return (await Promise.all(asked)).map(({ status }) => status)
    }
    expect(await sessions()).toEqual([200, 200, 200])
    expect((await rotate('operator', '--retire')).code).toBe(0)
    expect(await sessions()).toEqual([401, 401, 200])
    expect((await content(server, '/v1/ledgers', old)).status).toBe(401)
    expect((await content(server, '/v1/ledgers', fresh)).status).toBe(200)
    expect((await account.ask('/v1/ledgers')).status).toBe(200)
  })

  test('[AU15] [ID3] identifiers and API keys of both keys are known, and older ones cannot be retired', async () => {
    const [old, account] = [await create(server, 'ledgers'), await makeAccount(server)]
    expect((await rotate('identifier')).code).toBe(0)
    const fresh = await create(server, 'ledgers')
    expect([old, fresh].map(({ id }) => id.at(-8))).toEqual(['1', '0'])
    for (const { id } of [old, fresh]) expect((await server.fetch(`/v1/ledgers/${id}`)).status).toBe(200)
    const key = await makeKey(server, account.id)
    expect(key.key.at(-8)).toBe('0')
    for (const text of [key.key, account.key.key]) expect((await content(server, '/v1/ledgers', text)).status).toBe(200)
    expect((await rotate('identifier', '--retire')).code).toBe(2)
  })

  test('[AU15] another file than the running server’s is refused, and without a server the file is all', async () => {
    const folder = makeTestDirectory()
    const file = join(folder, 'other.secrets.json')
    writeFileSync(file, readFileSync(server.secretsFile), { mode: 0o600 })
    const wrong = await runCli(['rotate-token-key', '--data', server.dataDir, '--secrets', file])
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('the running server does not use')])
    expect((await server.fetch('/v1/ledgers')).status).toBe(200)
    const alone = await runCli(['rotate-token-key', '--data', join(folder, 'none'), '--secrets', file])
    expect([alone.code, alone.stdout]).toEqual([0, expect.stringContaining('the next start uses it')])
    const { tokenKeys } = JSON.parse(readFileSync(file, 'utf8')) as DeploymentSecrets
    expect(tokenKeys).toHaveLength(server.secrets.tokenKeys.length + 2)
    expect((await runCli(['rotate-token-key', '--data', join(folder, 'none')])).code).toBe(1)
    // Of two at once one would lose the other's key.
    const before = readFileSync(file, 'utf8')
    writeFileSync(`${file}.rotating`, '')
    const second = await runCli(['rotate-identifier-key', '--data', join(folder, 'none'), '--secrets', file])
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('another command is rotating the keys')])
    expect(readFileSync(file, 'utf8')).toBe(before)
    rmSync(folder, { recursive: true })
  })
})

/** @returns the cookie of a browser that the operator signs in by key */
async function signIn(key: string): Promise<string> {
  const response = await fetch(`${server.url}/sign-in`, json('POST', { key }, { origin: server.url }))
  return response.headers.get('set-cookie')?.split(';')[0] ?? ''
}

function rotate(kind: string, ...flags: readonly string[]): ReturnType<typeof runCli> {
  return runCli([`rotate-${kind}-key`, '--data', server.dataDir, ...flags])
}

function kidOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid
}

/**
 * Reads of content and creations, each on a connection of its own, until the returned function is called. A connection on which nothing
 * had arrived when the engine began to end is closed by it: the client asks again, and nothing must have come of the first time.
 */
function startLoad(path: string, token: string): () => Promise<number[]> {
  const agent = new Agent({ keepAlive: false })
  const { host } = new URL(server.url)
  const answers: number[] = []
  const stopping = new AbortController()
  let count = 0
  const read = (): SendOptions => ({ path, headers: { authorization: `Bearer ${token}`, host }, agent })
  const creation = (): SendOptions => ({
    method: 'POST',
    path: '/v1/ledgers',
    headers: { authorization: `Bearer ${server.operatorKey}`, host, 'content-type': 'application/json' },
    // Made twice, it would be refused.
    body: JSON.stringify({ name: `Load ${count++}` }),
    agent,
  })
  const work = async (next: () => SendOptions): Promise<void> => {
    while (!stopping.signal.aborted) {
      const options = next()
      const { status } = await send(server, options).catch(() => send(server, options))
      answers.push(status)
    }
  }
  const clients = [read, creation, read, creation].map(work)
  return async () => {
    stopping.abort()
    await Promise.all(clients)
    return answers
  }
}
