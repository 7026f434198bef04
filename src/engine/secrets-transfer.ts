// The secrets of a deployment on their way: to its other machines, which share all of them, and to another deployment, which only has to
// recognise the identifiers of what it imports.

import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { IdentifierKey } from '../identity/keyring.ts'
import type { DeploymentSecrets } from '../wire/deployment.ts'
import { writeDurably } from './durable-file.ts'
import { EngineError } from './engine-error.ts'
import { whileAlone } from './rotate-keys.ts'
import { SECRETS_MODE, readSecrets } from './secrets.ts'

/** What another deployment needs to take over resources with their identifiers. */
export interface VerifyOnlySecrets {
  readonly version: 1
  readonly kind: 'verify-only'
  readonly deployment: string
  readonly identifierKeys: readonly (IdentifierKey & { readonly verifyOnly: true })[]
  readonly formerAccounts: readonly string[]
}

export function toVerifyOnly({ deployment, identifierKeys, ...secrets }: DeploymentSecrets): VerifyOnlySecrets {
  return {
    version: 1,
    kind: 'verify-only',
    deployment,
    identifierKeys: identifierKeys.map(({ id, key }) => ({ id, key, verifyOnly: true })),
    formerAccounts: [...(secrets.formerAccounts ?? []), secrets.defaultAccount],
  }
}

/**
 * Puts secrets from elsewhere into the secrets file: makes it where there is none, else adds what it does not have.
 *
 * @param owner the deployment of the data that the file is for; undefined when there is no data yet
 * @returns whether the file has changed
 * @throws EngineError for secrets of another deployment, or that contradict those that are there
 */
export function importSecrets(text: string, from: string, file: string, owner: string | undefined): boolean {
  const given = parse(text, from)
  if ('kind' in given) return change(file, (secrets) => withVerifyOnly(secrets, given, from), from)
  if (owner !== undefined && owner !== given.deployment) throw ofAnother(from, given.deployment, owner)
  if (existsSync(file)) return change(file, (secrets) => merged(secrets, given, from), from)
  mkdirSync(dirname(file), { recursive: true })
  whileAlone(file, () => writeDurably(file, format(given), SECRETS_MODE))
  return true
}

export function format(secrets: object): string {
  return `${JSON.stringify(secrets, null, 2)}\n`
}

function change(file: string, toNext: (secrets: DeploymentSecrets) => DeploymentSecrets, from: string): boolean {
  if (!existsSync(file)) {
    throw new EngineError(
      `there is no secrets file ${file}`,
      `${from} only has the identifier keys of another deployment; this one's own secrets come first`,
      'Start the server once, or import the secrets of this deployment first.',
      2,
    )
  }
  let isChanged = false
  whileAlone(file, () => {
    const secrets = readSecrets(file)
    const next = toNext(secrets)
    isChanged = format(next) !== format(secrets)
    if (isChanged) writeDurably(file, format(next), SECRETS_MODE)
  })
  return isChanged
}

function withVerifyOnly(secrets: DeploymentSecrets, given: VerifyOnlySecrets, from: string): DeploymentSecrets {
  if (given.deployment === secrets.deployment) {
    throw new EngineError(
      `${from} is of this very deployment`,
      'its identifiers are known here already',
      "Give what another deployment's `biplane secrets export --verify-only` wrote.",
      2,
    )
  }
  const known = new Set(secrets.identifierKeys.map(({ key }) => key))
  const added = given.identifierKeys.filter(({ key }) => !known.has(key))
  const accounts = [...new Set([...(secrets.formerAccounts ?? []), ...given.formerAccounts])]
  return {
    ...secrets,
    identifierKeys: [...secrets.identifierKeys, ...added.map(({ id, key }) => ({ id, key, verifyOnly: true }))],
    formerAccounts: accounts,
  }
}

function merged(secrets: DeploymentSecrets, given: DeploymentSecrets, from: string): DeploymentSecrets {
  if (given.deployment !== secrets.deployment) throw ofAnother(from, given.deployment, secrets.deployment)
  if (given.namespaceKey !== secrets.namespaceKey || given.defaultAccount !== secrets.defaultAccount)
    throw contradicts(from, 'they have the same deployment, and another namespace key or default account')
  const accounts = [...new Set([...(secrets.formerAccounts ?? []), ...(given.formerAccounts ?? [])])]
  return {
    ...secrets,
    identifierKeys: mergedKeys(secrets.identifierKeys, given.identifierKeys, from),
    tokenKeys: mergedKeys(secrets.tokenKeys, given.tokenKeys, from),
    operatorKeys: mergedKeys(secrets.operatorKeys.map(toOperatorKey), given.operatorKeys.map(toOperatorKey), from).map(
      ({ key }) => key,
    ),
    ...(accounts.length === 0 ? {} : { formerAccounts: accounts }),
  }
}

interface Key {
  readonly id: string
  readonly key: string
  readonly prepared?: boolean
  readonly verifyOnly?: boolean
}

function toOperatorKey(key: string): Key {
  return { id: key, key }
}

/**
 * Nothing is taken out. A key that is new here goes where it stands there, behind the one before it; the one that signs there, if it
 * is new here or only prepared, signs here from now on, too.
 */
function mergedKeys<K extends Key>(own: readonly K[], given: readonly K[], from: string): K[] {
  const keys = [...own]
  const signer = given.findLast(isSigning)
  for (const key of [...given.filter((one) => one === signer), ...given.filter((one) => one !== signer)]) {
    const at = keys.findIndex((one) => one.key === key.key)
    const clash = keys.find((one) => one.id === key.id && one.verifyOnly !== true)
    if (at === -1 && clash !== undefined && key.verifyOnly !== true)
      throw contradicts(from, `both have a key "${key.id}", and not the same one`)
    if (at !== -1 && !(keys[at]?.prepared === true && key.prepared !== true)) continue
    if (at !== -1) keys.splice(at, 1)
    const before = given[given.indexOf(key) - 1]?.key
    const behind = keys.findIndex((one) => one.key === before) + 1
    // Only one that signs there goes behind the one that signs here.
    const last = Math.max(0, keys.findLastIndex(isSigning))
    keys.splice(key === signer ? keys.length : Math.min(behind, last), 0, key)
  }
  return keys
}

function isSigning({ verifyOnly, prepared }: Key): boolean {
  return verifyOnly !== true && prepared !== true
}

function parse(text: string, from: string): DeploymentSecrets | VerifyOnlySecrets {
  try {
    const content = JSON.parse(text) as Partial<DeploymentSecrets & VerifyOnlySecrets>
    const isOurs = content.version === 1 && isText(content.deployment) && content.identifierKeys?.every(isKey) === true
    if (isOurs && content.kind === 'verify-only' && content.formerAccounts?.every(isText) === true)
      return content as VerifyOnlySecrets
    const isWhole =
      content.kind === undefined &&
      [content.namespaceKey, content.defaultAccount].every(isText) &&
      content.tokenKeys?.every(isKey) === true &&
      content.operatorKeys?.every(isText) === true
    if (isOurs && isWhole) return content as DeploymentSecrets
  } catch {
    // The parser's own message quotes what it read.
    throw noSecrets(from, 'it is no JSON')
  }
  throw noSecrets(from, 'something is missing in it, or a newer version has written it')
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isKey(value: unknown): boolean {
  const { id, key } = (value ?? {}) as Partial<Key>
  return isText(id) && isText(key)
}

function noSecrets(from: string, why: string): EngineError {
  return new EngineError(`${from} holds no secrets`, why, 'Give what `biplane secrets export` wrote.', 2)
}

function ofAnother(from: string, given: string, own: string): EngineError {
  return new EngineError(
    `${from} belongs to another deployment`,
    `it is of deployment ${given}, what is here of ${own}`,
    'To take over resources of that one, export its secrets with --verify-only; for a new machine of that one, choose another --data.',
    2,
  )
}

function contradicts(from: string, why: string): EngineError {
  return new EngineError(
    `${from} contradicts the secrets that are here`,
    why,
    'Make new keys on one machine only, and import them on the others.',
    2,
  )
}
