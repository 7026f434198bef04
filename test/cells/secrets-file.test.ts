// What is in a secrets file: whole or refused, and what becomes of two that are merged.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { digestOf } from '../../src/engine/secrets-content.ts'
import { importSecrets } from '../../src/engine/secrets-transfer.ts'
import { readSecrets } from '../../src/engine/secrets.ts'
import type { DeploymentSecrets } from '../../src/wire/deployment.ts'
import { makeTestDirectory } from '../support/server.ts'

function makeFile(content: string): string {
  const directory = makeTestDirectory()
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'secrets.json')
  writeFileSync(file, content, { mode: 0o600 })
  return file
}

function importInto(secrets: DeploymentSecrets, given: DeploymentSecrets): DeploymentSecrets {
  const file = makeFile(JSON.stringify(secrets))
  importSecrets(JSON.stringify(given), 'it', file, 'd')
  return JSON.parse(readFileSync(file, 'utf8')) as DeploymentSecrets
}

/** Whole, with one key of each kind. */
const SECRETS: DeploymentSecrets = {
  version: 1,
  deployment: 'd',
  defaultAccount: 'a',
  namespaceKey: 'hunter2',
  identifierKeys: [{ id: '1', key: 'hunter2' }],
  tokenKeys: [{ id: '1', key: 'hunter2' }],
  operatorKeys: ['hunter2'],
}

describe('keys of two machines', () => {
  const [k1, k2, k3] = ['1', '2', '3'].map((id) => ({ id, key: `key ${id}` })) as [Key, Key, Key]
  const prepared = { ...k2, prepared: true }

  test.each<[string, Key[], Key[], Key[]]>([
    ['the same', [k1, k2], [k1, k2], [k1, k2]],
    ['a newer one signs', [k1], [k1, k2], [k1, k2]],
    ['two newer ones', [k1], [k1, k2, k3], [k1, k2, k3]],
    ['an older file takes nothing away', [k1, k2, k3], [k1, k2], [k1, k2, k3]],
    ['a prepared one does not sign', [k1], [prepared, k1], [prepared, k1]],
    ['a prepared one behind an older one', [k1, k3], [k1, prepared, k3], [k1, prepared, k3]],
    ['one that was prepared here, and signs there', [prepared, k1], [k1, k2], [k1, k2]],
    ['one that signs here, and was prepared there', [k1, k2], [prepared, k1], [k1, k2]],
  ])('[CE15] [CE17] %s', (_, own, given, expected) => {
    expect(merge(own, given)).toEqual(expected)
  })

  const retired = (...keys: Key[]): Pick<DeploymentSecrets, 'retiredKeys'> => ({
    retiredKeys: keys.map(({ key }) => digestOf(key)).toSorted(),
  })

  test.each<[string, Side, Side, Side]>([
    ['retired here, signing there', { keys: [k2], ...retired(k1) }, { keys: [k1] }, { keys: [k2], ...retired(k1) }],
    ['retired there', { keys: [k1, k2] }, { keys: [k2], ...retired(k1) }, { keys: [k2], ...retired(k1) }],
    [
      'prepared here, the only one there',
      { keys: [prepared, k1] },
      { keys: [k2], ...retired(k1) },
      { keys: [k2], ...retired(k1) },
    ],
    [
      'one retired on each',
      { keys: [k2, k3], ...retired(k1) },
      { keys: [k1, k3], ...retired(k2) },
      { keys: [k3], ...retired(k1, k2) },
    ],
    [
      'under a name that is taken again',
      { keys: [k2], ...retired(k1) },
      { keys: [{ ...k2, key: k1.key }, k3] },
      { keys: [k2, k3], ...retired(k1) },
    ],
  ])('[CE15] %s', (_, own, given, expected) => {
    const merged = mergeTokens(own, given)
    expect([merged.tokenKeys, merged.retiredKeys]).toEqual([expected.keys, expected.retiredKeys])
  })

  test('[CE15] of two machines that each retired what the other kept, neither is left without a key', () => {
    const [own, given] = [
      { keys: [k1], ...retired(k2) },
      { keys: [k2], ...retired(k1) },
    ]
    expect(() => mergeTokens(own, given)).toThrow('no token key would be left')
    expect(mergeTokens({ ...own, keys: [k1, k3] }, given).tokenKeys).toEqual([k3])
  })

  test('[CE15] made on both under one name contradict each other, and nothing is changed', () => {
    expect(() => merge([k1, k2], [k1, { id: '2', key: 'another' }])).toThrow('both have a key "2"')
  })

  interface Key {
    readonly id: string
    readonly key: string
    readonly prepared?: boolean
  }

  interface Side extends Pick<DeploymentSecrets, 'retiredKeys'> {
    readonly keys: readonly Key[]
  }

  function merge(own: readonly Key[], given: readonly Key[]): readonly Key[] {
    const merged = importInto(
      { ...SECRETS, tokenKeys: own, identifierKeys: own },
      { ...SECRETS, tokenKeys: given, identifierKeys: given },
    )
    expect(merged.identifierKeys).toEqual(merged.tokenKeys)
    return merged.tokenKeys
  }

  function mergeTokens({ keys: own, ...more }: Side, { keys: given, ...others }: Side): DeploymentSecrets {
    return importInto({ ...SECRETS, ...more, tokenKeys: own }, { ...SECRETS, ...others, tokenKeys: given })
  }
})

describe('a secrets file', () => {
  test.each<readonly [written: unknown, message: string]>([
    ['null', 'no JSON object'],
    ['{"version":1', 'no JSON'],
    [{ ...SECRETS, version: 2 }, 'version 2'],
    ...Object.keys(SECRETS).map((name) => [{ ...SECRETS, [name]: undefined }, `"${name}" is missing`] as const),
    [{ ...SECRETS, tokenKeys: [] }, '"tokenKeys"'],
    [{ ...SECRETS, tokenKeys: [{ id: '1', key: 'k', prepared: true }] }, '"tokenKeys"'],
    [{ ...SECRETS, identifierKeys: [{ id: '1', key: 'k', verifyOnly: true }] }, '"identifierKeys"'],
    [{ ...SECRETS, operatorKeys: [''] }, '"operatorKeys"'],
    [{ ...SECRETS, retiredKeys: 'all' }, '"retiredKeys"'],
    [{ version: 1, kind: 'verify-only', deployment: 'd', identifierKeys: [], formerAccounts: [] }, 'secrets import'],
    [{ ...SECRETS, kind: 'another' }, '"kind"'],
  ])('[EN5] of which something is missing is refused, and nothing of it is shown: %j', (written, message) => {
    const file = makeFile(typeof written === 'string' ? written : JSON.stringify(written))
    const read = (): unknown => readSecrets(file)
    expect(read).toThrow(message)
    expect(read).not.toThrow('hunter2')
  })

  test('[EN5] is whole with what an older server has written', () => {
    const file = makeFile(JSON.stringify(SECRETS))
    expect(readSecrets(file)).toEqual(SECRETS)
  })
})
