// Values on the command line, as people write them.

import { readFileSync } from 'node:fs'
import { InvalidArgumentError, Option } from 'commander'
import { EngineError, reasonOf } from '../engine/engine-error.ts'
import { parseJson } from './options.ts'

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 }
const BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** `90`, `15m`, `12h`, `7d` -> seconds */
export function parseDuration(text: string): number {
  const [, number, unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? []
  if (number === undefined) throw new InvalidArgumentError('Expected seconds, or something like 15m, 12h, 7d.')
  return Number(number) * (SECONDS[unit] ?? 1)
}

/** `500`, `10M`, `2GiB` -> bytes */
export function parseBytes(text: string): number {
  const [, number, unit = ''] = /^(\d{1,12})([kmgt]?)(?:i?b)?$/i.exec(text) ?? []
  if (number === undefined) throw new InvalidArgumentError('Expected bytes, or something like 500K, 10M, 2G.')
  return Number(number) * (BYTES[unit.toLowerCase()] ?? 1)
}

export function parseNumber(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}

/** A day is its beginning, in UTC; whatever else is left to the server, which takes RFC 3339. */
export function parseTime(text: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text
}

/** `key=value`, again and again. */
export function parsePair(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const end = text.indexOf('=')
  if (end < 1) throw new InvalidArgumentError('Expected key=value.')
  return { ...previous, [text.slice(0, end)]: text.slice(end + 1) }
}

/** `key=value`, as it is set -> `key:value`, as the API asks for it. */
export function parseLabel(text: string): string {
  return text.replace(/^([^:=]+)=/, '$1:')
}

/** A list of JSON objects: an array, or one on each line. `-` is stdin. @throws EngineError */
export function readObjects(file: string): object[] {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8').trim()
  } catch (thrown) {
    throw new EngineError(`cannot read ${file}`, reasonOf(thrown), 'Check --from; "-" is the standard input.', 2)
  }
  try {
    const items: unknown = text.startsWith('[')
      ? JSON.parse(text)
      : text.split('\n').map((line) => JSON.parse(line) as unknown)
    return items as object[]
  } catch (thrown) {
    throw new EngineError(
      `${file} is not a list of JSON`,
      reasonOf(thrown),
      'Write one object a line, such as {"name":"Notes"}.',
      2,
    )
  }
}

/** The members that were given. */
export function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never
}

// Options that several verbs share.

export function limitOption(): Option {
  return new Option('--limit <number>', 'print at most so many').argParser(parseNumber)
}

export function noWaitOption(): Option {
  return new Option('--no-wait', 'print the operation and leave; default: wait for its end')
}

/** Of a change of one resource. */
export function noWaitForObjectOption(): Option {
  return new Option('--no-wait', 'leave once it is recorded; default: wait until the object has it')
}

export function ifMatchOption(): Option {
  return new Option('--if-match <etag>', 'only if it is still as it was under this etag')
}

export function purgeOption(): Option {
  return new Option('--purge', 'for good, at once: it cannot be restored')
}

export function pairsOption(flag: string, what: string): Option {
  return new Option(`--${flag} <key=value>`, what).argParser(parsePair)
}

export function jsonOption(flag: string, what: string): Option {
  return new Option(`--${flag} <json>`, what).argParser(parseJson)
}

export function timeOption(flag: string, what: string): Option {
  return new Option(`--${flag} <time>`, `${what}; RFC 3339, or a day`).argParser(parseTime)
}
