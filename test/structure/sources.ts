// The repository's own text, for the tests that hold it to its shape. A simple parse is enough: the formatter writes every import one
// way, and what it misses (an import built at run time) the bundler would refuse.

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { ROOT } from '../support/server.ts'

export interface SourceFile {
  /** Relative to the root, with slashes: `src/edge/worker.ts`. */
  readonly path: string
  readonly text: string
}

/** Every TypeScript file below a folder, without declarations and what a build made. */
export function sourcesBelow(folder: string): SourceFile[] {
  if (!existsSync(join(ROOT, folder))) return []
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => join(folder, String(name)).split(sep).join('/'))
    .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts') && !path.includes('/generated/'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** Specifiers of every import and re-export, of types too, in order of appearance. */
export function importsOf(file: SourceFile): string[] {
  const code = file.text.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  const pattern = /(?:^(?:import|export)\b[^'"`;]*?\bfrom\s+|^import\s+|\bimport\()'([^']+)'/gm
  return Array.from(code.matchAll(pattern), ([, specifier = '']) => specifier)
}

/** What a relative specifier leads to, relative to the root; undefined for a package or a built-in module. */
export function targetOf(file: SourceFile, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return relative(ROOT, join(ROOT, dirname(file.path), specifier))
    .split(sep)
    .join('/')
}

/** Every file of ours that a file reaches through imports, itself included; types count. */
export function reachableFrom(path: string, files: readonly SourceFile[]): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const seen = new Set<string>()
  const queue = [path]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const file = byPath.get(next)
    if (file === undefined || seen.has(next)) continue
    seen.add(next)
    for (const specifier of importsOf(file)) {
      const target = targetOf(file, specifier)
      if (target !== undefined) queue.push(target)
    }
  }
  return seen
}

/** `src/edge/worker.ts` -> `edge`, `src/types/wiki/object.ts` -> `types/wiki`, `src/app.ts` -> `app.ts`. */
export function layerOf(path: string): string {
  const [, first = '', second = '', third] = path.split('/')
  return first === 'types' && third !== undefined ? `types/${second}` : first
}

export function linesOf(file: SourceFile): number {
  return file.text.split('\n').length - 1
}
