// The history of object classes as Cloudflare keeps it: a list of steps, each applied once. Append-only: a step that was deployed must
// never change, so the list lives in a file of the builder's repository.

import type { AppManifest } from '../wire/manifest.ts'
import { EngineError } from './engine-error.ts'

/** One step. Ours only ever create classes; the others a builder writes by hand, since they end or rename what customers have. */
export interface Migration {
  readonly tag: string
  readonly new_sqlite_classes?: readonly string[]
  readonly renamed_classes?: readonly { readonly from: string; readonly to: string }[]
  readonly deleted_classes?: readonly string[]
}

/**
 * Appends a step for the classes that no step has created yet.
 *
 * @throws EngineError when a class that was deployed is not in the app any more: deploying without it would end its objects
 */
export function mergeMigrations(deployed: readonly Migration[], manifest: AppManifest): Migration[] {
  const known = classesAfter(deployed)
  const present = classesOf(manifest)
  const missing = [...known].filter((name) => !present.includes(name))
  if (missing.length > 0) {
    throw new EngineError(
      `the app has no ${missing.join(', ')} any more`,
      'these classes were deployed before, and their objects would be deleted with all they hold',
      'Keep the resource type; or, to delete them for good, add a step with "deleted_classes" to migrations.json yourself.',
      2,
    )
  }
  const added = present.filter((name) => !known.has(name))
  return added.length === 0 ? [...deployed] : [...deployed, { tag: nextTag(deployed), new_sqlite_classes: added }]
}

/** The classes of both planes. */
export function classesOf(manifest: AppManifest): string[] {
  return manifest.types.flatMap((type) => [type.control.className, type.data.className])
}

function classesAfter(steps: readonly Migration[]): Set<string> {
  const classes = new Set<string>()
  for (const { new_sqlite_classes: made = [], renamed_classes: renamed = [], deleted_classes: gone = [] } of steps) {
    for (const name of made) classes.add(name)
    for (const { from, to } of renamed) if (classes.delete(from)) classes.add(to)
    for (const name of gone) classes.delete(name)
  }
  return classes
}

/** A step written by hand may have taken the number. */
function nextTag(steps: readonly Migration[]): string {
  const taken = new Set(steps.map(({ tag }) => tag))
  let number = steps.length + 1
  while (taken.has(`v${number}`)) number++
  return `v${number}`
}

/**
 * A history as it was read from its file.
 *
 * @throws EngineError when it is no list of steps, or a tag is there twice
 */
export function parseMigrations(text: string, file: string): Migration[] {
  let steps: unknown
  try {
    steps = JSON.parse(text)
  } catch {
    steps = undefined
  }
  const isList =
    Array.isArray(steps) && steps.every((step: unknown) => typeof (step as Partial<Migration> | null)?.tag === 'string')
  const tags = isList ? (steps as Migration[]).map(({ tag }) => tag) : []
  if (isList && new Set(tags).size === tags.length) return steps as Migration[]
  throw new EngineError(
    `${file} is no history of migrations`,
    isList ? 'a tag is there twice' : 'it is not a JSON list of steps with a tag each',
    'Restore it from version control: Cloudflare knows which steps it has taken by their tags.',
    2,
  )
}
