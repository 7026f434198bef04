// Deployments that take archives over: secrets that know the identifiers of others, and what to compare.

import { createHash, randomBytes } from 'node:crypto'
import { createKeyring, type IdentifierKey } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import type { DeploymentSecrets } from '../../src/wire/deployment.ts'
import { runCli, type CliResult } from './cli.ts'
import { startServer, type StartOptions, type TestServer } from './server.ts'

/** Of a new deployment that verifies what another one issued, whose first key has the same id as its own. */
export async function secretsAfter(source: DeploymentSecrets): Promise<DeploymentSecrets> {
  const own: IdentifierKey = { id: '1', key: key() }
  const account = await mintResourceId(createKeyring([own]), 'account', 'local')
  return {
    version: 1,
    deployment: randomBytes(16).toString('hex'),
    defaultAccount: account.id,
    formerAccounts: [source.defaultAccount, ...(source.formerAccounts ?? [])],
    identifierKeys: [...source.identifierKeys.map((known) => ({ ...known, verifyOnly: true })), own],
    tokenKeys: [{ id: '1', key: key() }],
    operatorKeys: [key()],
    namespaceKey: key(),
  }
}

/** Another machine: data and secrets of its own. @param source whose archives it will take over */
export async function startAfter(source: TestServer, options: StartOptions): Promise<TestServer> {
  return startServer({ ...options, secrets: await secretsAfter(source.secrets) })
}

/** A row as an archive has it, of what has nothing to be said about. */
export function archivedRow(id: string, account: string): { readonly id: string } & Record<string, unknown> {
  return {
    id,
    account,
    name: null,
    state: 'live',
    mode: 'active',
    visibility: 'private',
    token_generation: 1,
    revoked_tokens: [],
    allowed_origins: [],
    hosts: [],
    settings: {},
    labels: {},
    metadata: {},
    delete_protection: false,
    create_time: ARCHIVE_TIME,
    update_time: ARCHIVE_TIME,
    incarnation: 7,
    version: 3,
    revision: 4,
  }
}

export const ARCHIVE_TIME = '2026-05-04T09:30:00.000Z'

/** The command line with a server's own key. */
export function cliOf(server: TestServer, ...args: string[]): Promise<CliResult> {
  return runCli(args, { BIPLANE_DATA: server.dataDir })
}

/** Digest of a resource's content as an archive has it. @throws Error unless it has any */
export async function contentDigest(server: TestServer, plural: string, id: string, account: string): Promise<string> {
  const response = await server.fetch(`/v1/${plural}/${id}/archive?account=${account}`)
  if (response.status !== 200) throw new Error(`${id} has no content: ${response.status} ${await response.text()}`)
  return createHash('sha256')
    .update(new Uint8Array(await response.arrayBuffer()))
    .digest('hex')
}

function key(): string {
  return randomBytes(32).toString('base64url')
}
