// Reads the files of deploy/: just enough of each format to take from it what a supervisor would.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ROOT } from './server.ts'

export function deployFile(name: string): string {
  return join(ROOT, 'deploy', name)
}

/** Of the compose specification, what our file uses. */
export interface ComposeService {
  readonly build: { readonly context: string; readonly dockerfile: string }
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly ports: readonly string[]
  readonly volumes: readonly string[]
  readonly healthcheck: { readonly test: readonly string[] }
  readonly stop_signal: NodeJS.Signals
  readonly stop_grace_period: string
  readonly ulimits: { readonly nofile: { readonly soft: number; readonly hard: number } }
  readonly read_only?: boolean
  readonly user?: string
  readonly profiles?: readonly string[]
}

/** As compose reads it where none of the variables is set: `${NAME:-default}`, and `$$` for a dollar. */
export function readCompose(): {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly volumes: object
} {
  const text = readFileSync(deployFile('compose.yaml'), 'utf8')
  return parse(text, interpolate, { merge: true }) as ReturnType<typeof readCompose>
}

/** Of one value, as the parser visits it. */
function interpolate(_key: unknown, value: unknown): unknown {
  if (typeof value !== 'string') return value
  return value.replaceAll(/\$\$|\$\{\w+:-([^}]*)\}/g, (whole, other: string | undefined) => other ?? whole.slice(1))
}

/** Instructions of the last stage, in order. */
export function readDockerfile(): readonly (readonly [instruction: string, rest: string])[] {
  const text = readFileSync(deployFile('Dockerfile'), 'utf8')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const all = lines.map((line): [string, string] => {
    const [, instruction = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    return [instruction, rest]
  })
  return all.slice(all.findLastIndex(([instruction]) => instruction === 'FROM'))
}

/** Section.Key -> its values, in order. */
export function readUnit(name: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>()
  let section = ''
  for (const line of readFileSync(deployFile(name), 'utf8').split('\n')) {
    const heading = /^\[(\w+)\]$/.exec(line)
    const setting = /^(\w+)=(.*)$/.exec(line)
    if (heading !== null) section = heading[1] ?? ''
    if (setting === null) continue
    const key = `${section}.${setting[1]}`
    values.set(key, [...(values.get(key) ?? []), setting[2] ?? ''])
  }
  return values
}
