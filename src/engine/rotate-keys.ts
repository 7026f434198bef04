// New keys for a deployment that goes on: the newest signs, every one that is still in the file verifies.

import { randomBytes } from 'node:crypto'
import { closeSync, openSync, realpathSync, rmSync } from 'node:fs'
import { toCrockford } from '../identity/crockford.ts'
import type { IdentifierKey } from '../identity/keyring.ts'
import type { TokenKey } from '../identity/token.ts'
import type { DeploymentSecrets } from '../wire/deployment.ts'
import { writeDurably } from './durable-file.ts'
import { EngineError, codeOf } from './engine-error.ts'
import { digestOf, format } from './secrets-content.ts'
import { KEY_BYTES, SECRETS_MODE, readSecrets } from './secrets.ts'

export type KeyKind = 'token' | 'operator' | 'identifier'

/**
 * - `new`: a new newest key, which signs from now on
 * - `retire`: all but the newest one are taken out, and never come back
 * - `prepare`, `activate`: the two steps of `new`, for several machines: all must know a key before one signs with it
 */
export type Rotation = 'new' | 'retire' | 'prepare' | 'activate'

/**
 * Changes the keys of a kind in the secrets file.
 *
 * @throws EngineError for identifier keys that would be retired: every identifier that they signed would be refused for ever; for a
 * second prepared key, or none to activate
 */
export function rotateKeys(file: string, kind: KeyKind, rotation: Rotation): void {
  if (rotation === 'retire' && kind === 'identifier') {
    throw new EngineError(
      'identifier keys cannot be retired',
      'every resource and API key that they signed would be refused for ever',
      'Leave them in the file: only the newest one signs.',
      2,
    )
  }
  // A link stays what it is.
  const path = realpathSync(file)
  whileAlone(path, () => {
    const secrets = readSecrets(path)
    writeDurably(path, format(changed(secrets, kind, rotation)), SECRETS_MODE)
  })
}

/** Of two at once one would lose the other's key, with everything that it has signed meanwhile. @throws EngineError */
export function whileAlone<T>(file: string, rotate: () => T): T {
  const mark = `${file}.rotating`
  try {
    closeSync(openSync(mark, 'wx', SECRETS_MODE))
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw thrown
    throw new EngineError(
      'another command is rotating the keys',
      `${mark} is there`,
      'Try again. If none is running, one broke off: remove that file.',
    )
  }
  try {
    return rotate()
  } finally {
    rmSync(mark, { force: true })
  }
}

function changed(secrets: DeploymentSecrets, kind: KeyKind, rotation: Rotation): DeploymentSecrets {
  if (rotation === 'new') return rotated(secrets, kind)
  if (rotation === 'retire') return kind === 'identifier' ? secrets : retired(secrets, kind)
  if (kind === 'operator') {
    throw new EngineError(
      'operator keys are not prepared',
      'a new one works wherever it was imported, and the older ones work everywhere',
      'Rotate it on one machine, and import the secrets on the others.',
      2,
    )
  }
  const name = kind === 'token' ? 'tokenKeys' : 'identifierKeys'
  return { ...secrets, [name]: rotation === 'prepare' ? prepared(secrets, kind) : activated(secrets[name], kind) }
}

/** Before the one that signs: whoever reads the file without knowing of prepared keys goes on signing with that one. */
function prepared(secrets: DeploymentSecrets, kind: Exclude<KeyKind, 'operator'>): readonly TokenKey[] {
  const keys: readonly (TokenKey & Partial<IdentifierKey>)[] =
    kind === 'token' ? secrets.tokenKeys : secrets.identifierKeys
  if (keys.some((key) => key.prepared === true)) {
    const fix = `biplane rotate-${kind}-key --activate, when every machine has imported it.`
    throw new EngineError(`there is a prepared ${kind} key already`, 'one is prepared at a time', fix, 2)
  }
  const next = rotated(secrets, kind)
  const [key] = (kind === 'token' ? next.tokenKeys : next.identifierKeys).slice(-1) as [TokenKey]
  const signer = keys.findLastIndex((one) => one.verifyOnly !== true)
  return keys.toSpliced(signer, 0, { ...key, prepared: true })
}

function activated(keys: readonly TokenKey[], kind: KeyKind): TokenKey[] {
  const found = keys.find((key) => key.prepared === true)
  if (found === undefined) {
    const fix = `biplane rotate-${kind}-key --prepare, and import the secrets on every machine.`
    throw new EngineError(`there is no prepared ${kind} key`, 'it would sign from now on', fix, 2)
  }
  const { prepared: _, ...key } = found
  return [...keys.filter((one) => one !== found), key]
}

function rotated(secrets: DeploymentSecrets, kind: KeyKind): DeploymentSecrets {
  const { tokenKeys, operatorKeys, identifierKeys } = secrets
  const key = randomBytes(KEY_BYTES).toString('base64url')
  switch (kind) {
    case 'token': {
      // Above every number that there was: the newest key is never taken out.
      const id = String(Math.max(0, ...tokenKeys.map((known) => Number(known.id) || 0)) + 1)
      return { ...secrets, tokenKeys: [...tokenKeys, { id, key }] }
    }
    case 'operator':
      return { ...secrets, operatorKeys: [...operatorKeys, key] }
    case 'identifier':
      return { ...secrets, identifierKeys: [...identifierKeys, { id: freeCharacter(secrets), key }] }
  }
}

function retired(secrets: DeploymentSecrets, kind: Exclude<KeyKind, 'identifier'>): DeploymentSecrets {
  const { tokenKeys, operatorKeys } = secrets
  const kept =
    kind === 'token'
      ? { tokenKeys: tokenKeys.filter((key, index) => key.prepared || index === tokenKeys.length - 1) }
      : { operatorKeys: operatorKeys.slice(-1) }
  const next = { ...secrets, ...kept }
  const gone = keysOf(secrets).filter((key) => !keysOf(next).includes(key))
  if (gone.length === 0) return next
  return { ...next, retiredKeys: [...new Set([...(secrets.retiredKeys ?? []), ...gone.map(digestOf)])].toSorted() }
}

function keysOf({ tokenKeys, operatorKeys }: DeploymentSecrets): string[] {
  return [...tokenKeys.map(({ key }) => key), ...operatorKeys]
}

/** An identifier has one character for its key: 32 of them in all. */
function freeCharacter({ identifierKeys }: DeploymentSecrets): string {
  const used = new Set(identifierKeys.map(({ id }) => id))
  for (let value = 0; value < 32; value++) {
    const character = toCrockford(Uint8Array.of(value << 3), 1)
    if (!used.has(character)) return character
  }
  throw new EngineError('there is no room for another identifier key', 'all 32 are in use', 'Go on with these.', 2)
}
