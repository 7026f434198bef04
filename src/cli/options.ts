// Options that several commands share, and how their text becomes values.

import { InvalidArgumentError, Option } from 'commander'
import ipaddr from 'ipaddr.js'
import { EngineError } from '../engine/engine-error.ts'

export const DEFAULT_DATA = './.biplane'

export function dataOption(): Option {
  return new Option('--data <dir>', 'data directory').env('BIPLANE_DATA').default(DEFAULT_DATA)
}

export function secretsOption(): Option {
  return new Option('--secrets <file>', 'secrets file (default: <data directory>.secrets.json)').env('BIPLANE_SECRETS')
}

export function appOption(): Option {
  return new Option(
    '--app <file>',
    'your app; its default export is what createApp() returns (default: the ready-made app)',
  ).env('BIPLANE_APP')
}

export function pathCapabilitiesOption(): Option {
  return switchOption(
    '--path-capabilities',
    'open resources below paths that hold a secret, in a sandbox: where no wildcard host name can be had',
    'BIPLANE_PATH_CAPABILITIES',
  )
}

const OFF = /^(|0|false|no|off)$/i
const ON = /^(1|true|yes|on)$/i

/**
 * A flag without a value, and its environment variable. Commander takes the variable's mere presence for yes: `=false` would switch it on.
 *
 * @throws EngineError for a value that says neither yes nor no
 */
export function switchOption(flag: string, description: string, variable: string): Option {
  const value = process.env[variable]
  if (value === undefined || ON.test(value)) return new Option(flag, description).env(variable)
  if (OFF.test(value)) return new Option(flag, `${description} (env: ${variable})`)
  throw new EngineError(
    `${variable} is "${value}"`,
    `it stands for ${flag}, which is on or off`,
    'Set it to true (1, yes, on) or false (0, no, off), or do not set it.',
    2,
  )
}

export function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('A port is a number from 0 (any free one) to 65535.')
}

export function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (text !== '' && Number.isFinite(seconds) && seconds >= 0) return seconds
  throw new InvalidArgumentError('Expected a number of seconds.')
}

/** @returns the URL without a trailing slash */
export function parsePublicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') {
    throw new InvalidArgumentError('Expected something like https://wikis.example, without a path.')
  }
  return url.origin
}

/** Where a server is, as seen from here. @returns without a trailing slash */
export function parseServerUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '')
    throw new InvalidArgumentError('Expected something like https://wikis.example.')
  return url.href.replace(/\/+$/, '')
}

export function parseHostName(text: string): string {
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text)) return text
  throw new InvalidArgumentError('Expected a host name without scheme and port, such as wikis.example.')
}

/** @param text empty: none, as a variable that a compose file passes on without a value */
export function parseCidrs(text: string, previous: readonly string[] = []): string[] {
  if (text === '') return [...previous]
  const blocks = text.split(',').map((block) => block.trim())
  for (const block of blocks) {
    if (!ipaddr.isValidCIDR(block)) {
      throw new InvalidArgumentError(`"${block}" is no CIDR block; expected something like 10.0.0.0/8.`)
    }
  }
  return [...previous, ...blocks]
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidArgumentError('Expected JSON.')
  }
}
