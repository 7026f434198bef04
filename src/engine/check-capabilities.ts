// What a configuration asks of an engine that has not got it is refused before an engine is started, or a configuration written.

import { ignoredHintsOf, lacksOf, type Places } from '../identity/capabilities.ts'
import type { AppManifest } from '../wire/manifest.ts'
import { EngineError } from './engine-error.ts'
import type { LogEntry } from './log.ts'

/** @throws EngineError naming every cell that asks for too much, and every type that can be in no cell */
export function checkCapabilities(places: Places, manifest: AppManifest): void {
  const types = manifest.types.map(({ name, requires = [] }) => ({ name, requires }))
  const lacks = lacksOf(places, types)
  if (lacks.length === 0) return
  const about = ({ cell, type }: (typeof lacks)[number]): string =>
    cell === undefined ? `type "${type}"` : `cell "${cell}"`
  throw new EngineError(
    `the engine ${places.engine} cannot serve ${lacks.map(about).join(', ')}`,
    lacks.map((lack) => `${about(lack)}: ${lack.reason}`).join('\n       '),
    'Take the demand away, or give those resources a cell on an engine that has it: docs/engines.md compares them.',
    2,
  )
}

/** The line for the log, once at start; undefined: no cell here has a hint that comes to nothing. */
export function ignoredHints(places: Places): LogEntry | undefined {
  const codes = ignoredHintsOf(places)
  if (codes.length === 0) return undefined
  return {
    level: 'info',
    event: 'placement_ignored',
    cells: codes,
    message: `location hints of ${codes.join(', ')} are ignored: the engine ${places.engine} keeps objects where it runs`,
  }
}
