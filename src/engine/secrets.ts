// The deployment's secrets: a file of its own, apart from the data, readable by its owner only. Created at the first start.

import { createHmac, randomBytes } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createKeyring, type IdentifierKey } from '../identity/keyring.ts'
import { mintResourceId } from '../identity/resource-id.ts'
import type { DeploymentSecrets } from '../wire/deployment.ts'
import { writeDurably, writeNewDurably } from './durable-file.ts'
import { EngineError, codeOf, explained, reasonOf } from './engine-error.ts'
import { makeDirectory } from './make-directory.ts'
import { format, parseSecrets } from './secrets-content.ts'

/** 256 bits, the strength of HMAC-SHA-256, for every key. */
export const KEY_BYTES = 32
/** Its owner's alone. */
export const SECRETS_MODE = 0o600
/** 128 bits: two deployments never get the same name. */
const DEPLOYMENT_BYTES = 16
const OWNER_FILE = 'deployment'

/**
 * Beside the data directory, not inside: who gets a copy of the data gets no access with it. Of several cells' directories below one:
 * beside that one, if it is there.
 */
export function defaultSecretsFile(dataDirectory: string): string {
  const path = dataDirectory.replace(/\/+$/, '')
  const own = `${path}.secrets.json`
  const around = /^(.+)\/cells\/[^/]+$/.exec(path)?.[1]
  const shared = `${around}.secrets.json`
  return around !== undefined && !existsSync(own) && existsSync(shared) ? shared : own
}

/**
 * The secrets of a data directory; new data gets new ones, unless the file is there already. With other secrets every identifier
 * would be refused and every object's file be another one, the deployment would look empty: so the directory remembers whose it is.
 *
 * @throws EngineError when the file is missing, another deployment's, damaged, or readable by others
 */
export async function openSecrets(dataDirectory: string, file: string, cell: string): Promise<DeploymentSecrets> {
  const found = findSecrets(dataDirectory, file)
  const secrets = found ?? (await loadOrCreateSecrets(file, cell))
  if (ownerOf(dataDirectory) === undefined) writeDurably(join(dataDirectory, OWNER_FILE), `${secrets.deployment}\n`)
  return secrets
}

/**
 * The secrets of a data directory, which need not be there yet; makes nothing.
 *
 * @returns undefined when both are still to be made
 * @throws EngineError as {@link openSecrets}
 */
export function findSecrets(dataDirectory: string, file: string): DeploymentSecrets | undefined {
  const owner = ownerOf(dataDirectory)
  if (!existsSync(file)) {
    if (owner === undefined) return undefined
    throw new EngineError(
      `the secrets file ${file} is missing`,
      `the data in ${dataDirectory} belongs to deployment ${owner} and can be read with its secrets only`,
      'Restore the file, or name it with --secrets.',
      2,
    )
  }
  const secrets = readSecrets(file)
  if (owner === undefined || secrets.deployment === owner) return secrets
  throw new EngineError(
    `the secrets file ${file} belongs to another deployment`,
    `it is of deployment ${secrets.deployment}, the data in ${dataDirectory} of ${owner}`,
    'Name the right file with --secrets.',
    2,
  )
}

/** The deployment whose data a directory holds, or undefined when it is new. */
export function ownerOf(dataDirectory: string): string | undefined {
  const file = join(dataDirectory, OWNER_FILE)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/** @param cell of the deployment's own account, if it is new @throws EngineError as {@link readSecrets} */
export async function loadOrCreateSecrets(file: string, cell: string): Promise<DeploymentSecrets> {
  try {
    return readSecrets(file)
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown
  }
  makeDirectory(dirname(file))
  writeNewDurably(file, format(await generateSecrets(cell)), SECRETS_MODE)
  // Somebody may have been quicker: what is on disk counts.
  return readSecrets(file)
}

/** @throws EngineError when others may read the file, or it is not whole; a system error `ENOENT` when there is none */
export function readSecrets(file: string): DeploymentSecrets {
  const secrets = parse(file, readPrivately(file))
  if (!('kind' in secrets)) return secrets
  throw new EngineError(
    `${file} is not a secrets file`,
    `it was written by \`biplane secrets export --verify-only\`: it recognises the identifiers of deployment ${secrets.deployment}, and nothing can be served with it`,
    "Give it to `biplane secrets import`, and name the deployment's own file with --secrets.",
    2,
  )
}

function parse(file: string, text: string): ReturnType<typeof parseSecrets> {
  try {
    return parseSecrets(text)
  } catch (thrown) {
    throw new EngineError(
      `cannot use the secrets file ${file}`,
      reasonOf(thrown),
      'Restore it from your backup of the secrets, or name the right file with --secrets.',
      2,
    )
  }
}

/** @throws EngineError when others may read the file, too; a system error `ENOENT` when there is none */
function readPrivately(file: string): string {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (thrown) {
    throw codeOf(thrown) === 'ENOENT' ? thrown : explained(thrown, `cannot read the secrets file ${file}`)
  }
  try {
    const mode = fstatSync(descriptor).mode & 0o777
    if ((mode & (isCredential(file) ? 0o007 : 0o077)) !== 0) {
      throw new EngineError(
        `the secrets file ${file} can be read by others`,
        `its mode is ${mode.toString(8)}, it must be 600`,
        `chmod 600 ${file}   (and if others have read it, replace the keys in it)`,
        2,
      )
    }
    return readFileSync(descriptor, 'utf8')
  } catch (thrown) {
    throw explained(thrown, `cannot read the secrets file ${file}`)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * What systemd hands to a service (LoadCredential=) is in a folder that nobody else can enter; the group's bit in its mode is then how an
 * access list for the service's own user shows.
 */
function isCredential(file: string): boolean {
  const folder = process.env['CREDENTIALS_DIRECTORY']
  return folder !== undefined && dirname(resolve(file)) === resolve(folder)
}

/** The `uniqueKey` of an object class: decides the ids of its objects and the folder of their files. */
export function uniqueKeyOf(secrets: DeploymentSecrets, className: string): string {
  return createHmac('sha256', Buffer.from(secrets.namespaceKey, 'base64url')).update(className).digest('hex')
}

/** What the Workers get: everything but what only the engine's configuration and its commands need; of that key, what cells show each other. */
export function toWorkerSecrets(secrets: DeploymentSecrets): Omit<DeploymentSecrets, 'namespaceKey' | 'retiredKeys'> {
  const { namespaceKey, retiredKeys: _, ...rest } = secrets
  const hopKey = createHmac('sha256', Buffer.from(namespaceKey, 'base64url'))
    .update('biplane hop key')
    .digest('base64url')
  return { ...rest, hopKey }
}

async function generateSecrets(cell: string): Promise<DeploymentSecrets> {
  const identifierKeys: IdentifierKey[] = [{ id: '1', key: randomKey() }]
  const account = await mintResourceId(createKeyring(identifierKeys), 'account', cell)
  return {
    version: 1,
    deployment: randomBytes(DEPLOYMENT_BYTES).toString('hex'),
    defaultAccount: account.id,
    identifierKeys,
    tokenKeys: [{ id: '1', key: randomKey() }],
    operatorKeys: [randomKey()],
    namespaceKey: randomKey(),
  }
}

function randomKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url')
}
