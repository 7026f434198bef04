import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/server.ts'

/** A name that is here is a promise: taking it away, or changing what it is, breaks builders. */
const VALUES = [
  'ERROR_CODES',
  'ResourceError',
  'ResourceObject',
  'byAccount',
  'byRegion',
  'createApp',
  'defineResourceType',
  'hashed',
  'single',
]
// oxfmt-ignore
const TYPES = [
  'App', 'AppManifest', 'AppOptions', 'Asset', 'AuthenticatedCaller', 'BuilderHooks', 'Capability', 'CellPlace', 'CellTable',
  'ConsoleFiles', 'ControlAction', 'ControlCalls', 'DeploymentConfig', 'DeploymentSecrets', 'Descriptor', 'Engine', 'ErrorCode', 'Migration',
  'Mode', 'Permission', 'RequestContext', 'ResourceJson', 'ResourceRecord', 'ResourceType', 'ResourceTypeHooks',
  'ResourceTypeOptions', 'ShardPolicy', 'TypeLifetime', 'TypeRoute', 'Visibility',
]
const WIKI = ['Wiki', 'defineWiki', 'wiki']
const CLIENT = ['BiplaneError', 'createClient']
// oxfmt-ignore
const CLIENT_TYPES = [
  'Account', 'AccountLimits', 'AccountSettings', 'AccountUsage', 'Accounts', 'AnyApp', 'ApiKey', 'ArchivedResource', 'AuditJson', 'BaseClient',
  'CallOptions', 'CapabilitiesJson', 'Cells', 'ChangeOptions', 'Changes', 'Client', 'ClientErrorCode', 'ClientOptions', 'CreateOptions', 'Creation', 'EventJson',
  'EventOptions', 'Filter', 'GrantRequest', 'ImportedResource', 'Inspection', 'KeyRequest', 'Keys', 'Link', 'Links', 'ListQuery', 'Listing', 'NewApiKey',
  'OperationJson', 'Operations', 'Page', 'Resource', 'Resources', 'RetryPolicy', 'Session', 'ShardPolicy', 'Token', 'Tokens', 'TypeInfo', 'Types', 'UsageNow', 'UsageQuery',
  'UsageRow', 'WaitOptions', 'WatchOptions',
]
const CONSOLE = ['consoleFiles']
// oxfmt-ignore
const CONFORMANCE = [
  'controlPlaneChecks', 'formatReport', 'nameOf', 'registerConformance', 'runChecks', 'runControlPlaneConformance',
  'runTypeConformance', 'textProbe', 'typeChecks',
]
// oxfmt-ignore
const CONFORMANCE_TYPES = [
  'Answer', 'Ask', 'Check', 'CheckContext', 'CheckName', 'ConformanceOptions', 'ConformanceReport', 'Probe', 'ProbeWrite',
  'TestFunction', 'TextProbe', 'TypeConformanceOptions',
]
const SUBPATHS = ['.', './client', './conformance', './console', './package.json', './tokens', './types/wiki']
const TOKENS = ['mintToken']

test('[FW6] the package exports these names and no others', () => {
  expect(exportsOf('src/index.ts')).toEqual({ values: VALUES, types: TYPES })
})

test('[FW6] the wiki type exports these names and no others', () => {
  expect(exportsOf('src/types/wiki/index.ts')).toEqual({ values: WIKI, types: ['WikiOptions', 'WikiType'] })
})

test('[FW6] the client exports these names and no others', () => {
  expect(exportsOf('src/client/index.ts')).toEqual({ values: CLIENT, types: CLIENT_TYPES })
})

test('[FW6] the console exports these names and no others', () => {
  expect(exportsOf('src/console/index.ts')).toEqual({ values: CONSOLE, types: [] })
})

test('[FW6] the conformance suite exports these names and no others', () => {
  expect(exportsOf('src/conformance/index.ts')).toEqual({ values: CONFORMANCE, types: CONFORMANCE_TYPES })
})

test('[FW6] the minting of tokens exports these names and no others', () => {
  const types = ['MintedToken', 'Permission', 'TokenKey', 'TokenOptions', 'TokenSecrets']
  expect(exportsOf('src/tokens.ts')).toEqual({ values: TOKENS, types })
})

test('[FW6] the package has these subpaths and no others, and each leads to a file', () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>
  }
  expect(Object.keys(exports).toSorted()).toEqual(SUBPATHS)
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  )
  expect(targets.filter((target) => !existsSync(join(ROOT, target)))).toEqual([])
})

function exportsOf(path: string): { values: string[]; types: string[] } {
  const text = readFileSync(join(ROOT, path), 'utf8').replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  const values: string[] = []
  const types: string[] = []
  for (const [, isType, list = ''] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const item of list.split(',').map((part) => part.trim())) {
      const name = item.replace(/^type /, '').replace(/^\w+ as /, '')
      if (name !== '') (isType !== undefined || item.startsWith('type ') ? types : values).push(name)
    }
  }
  for (const [, kind = '', name = ''] of text.matchAll(
    /^export (?:abstract |async )?(const|class|function|interface|type) (\w+)/gm,
  )) {
    ;(kind === 'interface' || kind === 'type' ? types : values).push(name)
  }
  return { values: values.toSorted(), types: types.toSorted() }
}
