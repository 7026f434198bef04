// The secrets of a deployment on their way: to its other machines, which share all of them, and to another deployment, which only has to
// recognise the identifiers of what it imports.

import { existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DeploymentSecrets } from '../wire/deployment.ts'
import { writeDurably, writeNewDurably } from './durable-file.ts'
import { EngineError, reasonOf } from './engine-error.ts'
import { makeDirectory } from './make-directory.ts'
import { whileAlone } from './rotate-keys.ts'
import { digestOf, format, isSigning, parseSecrets, type Key, type VerifyOnlySecrets } from './secrets-content.ts'
import { SECRETS_MODE, readSecrets } from './secrets.ts'

export function toVerifyOnly({ deployment, identifierKeys, ...secrets }: DeploymentSecrets): VerifyOnlySecrets {
  return {
    version: 1,
    kind: 'verify-only',
    deployment,
    identifierKeys: identifierKeys.map(({ id, key }) => ({ id, key, verifyOnly: true })),
    formerAccounts: [...(secrets.formerAccounts ?? []), secrets.defaultAccount],
  }
}

export interface Imported {
  /** Whether the file is another one than before. */
  readonly isChanged: boolean
  /** Keys that were left out, since they were retired here. */
  readonly leftOut: number
}

/**
 * Puts secrets from elsewhere into the secrets file: makes it where there is none, else adds what it does not have.
 *
 * @param owner the deployment of the data that the file is for; undefined when there is no data yet
 * @throws EngineError for secrets of another deployment, or that contradict those that are there
 */
export function importSecrets(text: string, from: string, file: string, owner: string | undefined): Imported {
  const given = parse(text, from)
  if ('kind' in given) return change(file, (secrets) => withVerifyOnly(secrets, given, from), from)
  if (owner !== undefined && owner !== given.deployment) throw ofAnother(from, given.deployment, owner)
  if (existsSync(file)) return change(file, (secrets) => merged(secrets, given, from), from)
  makeDirectory(dirname(file))
  // A server that has started meanwhile has made its own: those are of another deployment.
  if (whileAlone(file, () => writeNewDurably(file, format(given), SECRETS_MODE))) return { isChanged: true, leftOut: 0 }
  return importSecrets(text, from, file, owner)
}

function change(file: string, toNext: (secrets: DeploymentSecrets) => Change, from: string): Imported {
  if (!existsSync(file)) {
    throw new EngineError(
      `there is no secrets file ${file}`,
      `${from} only has the identifier keys of another deployment; this one's own secrets come first`,
      'Start the server once, or import the secrets of this deployment first.',
      2,
    )
  }
  // A link stays what it is.
  const path = realpathSync(file)
  return whileAlone(path, () => {
    const secrets = readSecrets(path)
    const { next, leftOut = 0 } = toNext(secrets)
    const isChanged = format(next) !== format(secrets)
    if (isChanged) writeDurably(path, format(next), SECRETS_MODE)
    return { isChanged, leftOut }
  })
}

interface Change {
  readonly next: DeploymentSecrets
  readonly leftOut?: number
}

function withVerifyOnly(secrets: DeploymentSecrets, given: VerifyOnlySecrets, from: string): Change {
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
  const keys = [...secrets.identifierKeys, ...added.map(({ id, key }) => ({ id, key, verifyOnly: true }))]
  return { next: { ...secrets, identifierKeys: keys, formerAccounts: accounts } }
}

function merged(secrets: DeploymentSecrets, given: DeploymentSecrets, from: string): Change {
  if (given.deployment !== secrets.deployment) throw ofAnother(from, given.deployment, secrets.deployment)
  if (given.namespaceKey !== secrets.namespaceKey || given.defaultAccount !== secrets.defaultAccount)
    throw contradicts(from, 'they have the same deployment, and another namespace key or default account')
  const accounts = [...new Set([...(secrets.formerAccounts ?? []), ...(given.formerAccounts ?? [])])]
  // In one order everywhere, so that machines that know the same have the same.
  const retired = [...new Set([...(secrets.retiredKeys ?? []), ...(given.retiredKeys ?? [])])].toSorted()
  const tokenKeys = mergedKeys(left(secrets.tokenKeys, retired), left(given.tokenKeys, retired), from)
  const [own, others] = [secrets, given].map(({ operatorKeys }) => left(operatorKeys.map(toOperatorKey), retired))
  const operatorKeys = mergedKeys(own ?? [], others ?? [], from).map(({ key }) => key)
  for (const [kind, isThere] of [
    ['token', tokenKeys.some(isSigning)],
    ['operator', operatorKeys.length > 0],
  ] as const)
    if (!isThere) throw allRetired(kind, from)
  const next = {
    ...secrets,
    identifierKeys: mergedKeys(secrets.identifierKeys, given.identifierKeys, from),
    tokenKeys,
    operatorKeys,
    ...(accounts.length === 0 ? {} : { formerAccounts: accounts }),
    ...(retired.length === 0 ? {} : { retiredKeys: retired }),
  }
  const before = new Set(secrets.retiredKeys)
  const keys = [...given.tokenKeys.map(({ key }) => key), ...given.operatorKeys]
  return { next, leftOut: keys.filter((key) => before.has(digestOf(key))).length }
}

/** Without those that were retired, here or there. */
function left<K extends Key>(keys: readonly K[], retired: readonly string[]): K[] {
  return keys.filter(({ key }) => !retired.includes(digestOf(key)))
}

function toOperatorKey(key: string): Key {
  return { id: key, key }
}

/**
 * A key that is new here goes where it stands there, behind the one before it; the one that signs there, if it
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

function parse(text: string, from: string): DeploymentSecrets | VerifyOnlySecrets {
  try {
    return parseSecrets(text)
  } catch (thrown) {
    throw new EngineError(`${from} holds no secrets`, reasonOf(thrown), 'Give what `biplane secrets export` wrote.', 2)
  }
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

/** Two machines that each kept what the other one retired. */
function allRetired(kind: 'token' | 'operator', from: string): EngineError {
  return new EngineError(
    `no ${kind} key would be left`,
    `each one that is here was retired where ${from} comes from, and each one in it was retired here`,
    `biplane rotate-${kind}-key makes a new one here; then import again, and bring the new one to the others.`,
    2,
  )
}
