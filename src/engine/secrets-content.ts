// What is in a secrets file and in an export of one: whether a text is that, to the last member, before anything is done with it.

import { createHash } from 'node:crypto'
import type { IdentifierKey } from '../identity/keyring.ts'
import type { DeploymentSecrets } from '../wire/deployment.ts'

/** What another deployment needs to take over resources with their identifiers. */
export interface VerifyOnlySecrets {
  readonly version: 1
  readonly kind: 'verify-only'
  readonly deployment: string
  readonly identifierKeys: readonly (IdentifierKey & { readonly verifyOnly: true })[]
  readonly formerAccounts: readonly string[]
}

/** A key of any kind; an operator's is its own name. */
export interface Key {
  readonly id: string
  readonly key: string
  readonly prepared?: boolean
  readonly verifyOnly?: boolean
}

export function isSigning({ verifyOnly, prepared }: Key): boolean {
  return verifyOnly !== true && prepared !== true
}

/** How a key is remembered that nobody is to have any more: a random one cannot be found by its digest. */
export function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}

export function format(secrets: object): string {
  return `${JSON.stringify(secrets, null, 2)}\n`
}

/** @throws TypeError saying what is wrong, without a word of what was read */
export function parseSecrets(text: string): DeploymentSecrets | VerifyOnlySecrets {
  let content: Readonly<Record<string, unknown>>
  try {
    content = JSON.parse(text) as typeof content
  } catch {
    // The parser's own message quotes what it read.
    throw new TypeError('it is no JSON')
  }
  if (typeof content !== 'object' || content === null) throw new TypeError('it is no JSON object')
  const { version, kind } = content
  if (typeof version === 'number' && version > 1)
    throw new TypeError(`a newer Biplane has written it: version ${version}`)
  const members = kind === undefined ? WHOLE : kind === 'verify-only' ? VERIFY_ONLY : { kind: () => false }
  for (const [name, isRight] of Object.entries({ version: (value: unknown) => value === 1, ...members }))
    if (!isRight(content[name])) throw new TypeError(`its member "${name}" is missing, or not what belongs there`)
  return content as unknown as DeploymentSecrets | VerifyOnlySecrets
}

type Check = (value: unknown) => boolean

const VERIFY_ONLY: Readonly<Record<string, Check>> = {
  deployment: isText,
  identifierKeys: (value) => isList(value, isKey),
  formerAccounts: (value) => isList(value, isText),
}

const WHOLE: Readonly<Record<string, Check>> = {
  deployment: isText,
  defaultAccount: isText,
  identifierKeys: hasSigner,
  tokenKeys: hasSigner,
  operatorKeys: (value) => isList(value, isText) && (value as unknown[]).length > 0,
  namespaceKey: isText,
  formerAccounts: isAbsentOr((value) => isList(value, isText)),
  retiredKeys: isAbsentOr((value) => isList(value, isText)),
}

function isAbsentOr(isRight: Check): Check {
  return (value) => value === undefined || isRight(value)
}

function isList(value: unknown, isRight: Check): boolean {
  return Array.isArray(value) && value.every(isRight)
}

function hasSigner(value: unknown): boolean {
  return isList(value, isKey) && (value as Key[]).some(isSigning)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isKey(value: unknown): boolean {
  const { id, key } = (value ?? {}) as Partial<Key>
  return isText(id) && isText(key)
}
