// New keys for a deployment that goes on: the newest signs, every one that is still in the file verifies.

import { randomBytes } from 'node:crypto'
import { closeSync, openSync, realpathSync, rmSync } from 'node:fs'
import { toCrockford } from '../identity/crockford.ts'
import type { DeploymentSecrets } from '../wire/deployment.ts'
import { writeDurably } from './durable-file.ts'
import { EngineError, codeOf } from './engine-error.ts'
import { KEY_BYTES, SECRETS_MODE, readSecrets } from './secrets.ts'

export type KeyKind = 'token' | 'operator' | 'identifier'

/**
 * Puts a new newest key of that kind into the secrets file; with `retire` instead takes all but the newest one out.
 *
 * @throws EngineError for identifier keys that would be retired: every identifier that they signed would be refused for ever
 */
export function rotateKeys(file: string, kind: KeyKind, { retire }: { readonly retire: boolean }): void {
  if (retire && kind === 'identifier') {
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
    const next = retire && kind !== 'identifier' ? retired(secrets, kind) : rotated(secrets, kind)
    writeDurably(path, `${JSON.stringify(next, null, 2)}\n`, SECRETS_MODE)
  })
}

/** Of two at once one would lose the other's key, with everything that it has signed meanwhile. @throws EngineError */
function whileAlone(file: string, rotate: () => void): void {
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
    rotate()
  } finally {
    rmSync(mark, { force: true })
  }
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
  return kind === 'token'
    ? { ...secrets, tokenKeys: secrets.tokenKeys.slice(-1) }
    : { ...secrets, operatorKeys: secrets.operatorKeys.slice(-1) }
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
