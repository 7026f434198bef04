// Options that several commands share, and how their text becomes values.

import { InvalidArgumentError, Option } from 'commander'
import ipaddr from 'ipaddr.js'

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
  return new Option(
    '--path-capabilities',
    'open resources below paths that hold a secret, in a sandbox: where no wildcard host name can be had',
  ).env('BIPLANE_PATH_CAPABILITIES')
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

export function parseCidrs(text: string, previous: readonly string[] = []): string[] {
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
