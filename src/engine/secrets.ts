// The deployment's secrets: a file of its own, apart from the data, readable by its owner only. Created at the first start.

import { createHmac, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createKeyring, type IdentifierKey } from '../identity/keyring.ts'
import { mintResourceId } from '../identity/resource-id.ts'
import type { DeploymentSecrets } from '../wire/deployment.ts'
import { writeDurably } from './durable-file.ts'
import { EngineError, codeOf, reasonOf } from './engine-error.ts'

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
  const owner = ownerOf(dataDirectory)
  if (owner === undefined) {
    const secrets = await loadOrCreateSecrets(file, cell)
    writeDurably(join(dataDirectory, OWNER_FILE), `${secrets.deployment}\n`)
    return secrets
  }
  if (!existsSync(file)) {
    throw new EngineError(
      `the secrets file ${file} is missing`,
      `the data in ${dataDirectory} belongs to deployment ${owner} and can be read with its secrets only`,
      'Restore the file, or name it with --secrets.',
      2,
    )
  }
  const secrets = readSecrets(file)
  if (secrets.deployment === owner) return secrets
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
  const secrets = await generateSecrets(cell)
  writeSecrets(file, secrets)
  // Somebody may have been quicker: what is on disk counts.
  return readSecrets(file)
}

/** @throws EngineError when others may read the file, or it is damaged; a system error `ENOENT` when there is none */
export function readSecrets(file: string): DeploymentSecrets {
  const descriptor = openSync(file, 'r')
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
    const secrets = JSON.parse(readFileSync(descriptor, 'utf8')) as DeploymentSecrets
    if (secrets.version !== 1) {
      throw new EngineError(
        `unknown version of the secrets file ${file}`,
        `version ${String(secrets.version)}`,
        'Use a newer Biplane.',
        2,
      )
    }
    return secrets
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown
    throw new EngineError(
      `cannot read the secrets file ${file}`,
      reasonOf(thrown),
      'Restore it from your backup of the secrets.',
      2,
    )
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

/** What the Workers get: everything but the key that only the engine's configuration needs; of that, what cells show each other. */
export function toWorkerSecrets(secrets: DeploymentSecrets): Omit<DeploymentSecrets, 'namespaceKey'> {
  const { namespaceKey, ...rest } = secrets
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

/** Complete or not at all: written and synced under another name, then linked, which never replaces an existing file. */
function writeSecrets(file: string, secrets: DeploymentSecrets): void {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}.draft`
  const descriptor = openSync(draft, 'wx', SECRETS_MODE)
  try {
    writeSync(descriptor, `${JSON.stringify(secrets, null, 2)}\n`)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  try {
    linkSync(draft, file)
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw thrown
  } finally {
    rmSync(draft, { force: true })
  }
}
