import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/server.ts'

/** What a reader is led to; each must be there. */
const REQUIRED = ['README.md', 'ARCHITECTURE.md', 'SPEC.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']
const FOLDERS = ['docs', 'examples', 'bench']

test('[FW3] the documents are there, and ARCHITECTURE.md names the file of each step', () => {
  expect(REQUIRED.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
  const files = ['edge/worker.ts', 'edge/to-control-plane.ts', 'control-plane/create.ts', 'control-plane/catalog.ts']
  const named = [...files, 'edge/handlers.ts', 'edge/to-data-plane.ts'].map((file) => `src/${file}`)
  expect(named.filter((file) => !text.includes(file))).toEqual([])
})

test('[FW7] every link of every document leads to a file, and to a heading in it', () => {
  const broken = documents().flatMap((path) =>
    linksOf(path)
      .filter((link) => !resolves(path, link))
      .map((link) => `${path} -> ${link}`),
  )
  expect(broken).toEqual([])
})

function documents(): string[] {
  const below = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, String(name))),
  )
  return [...readdirSync(ROOT), ...below].filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
}

/** Targets of inline links and images, without those that leave the repository. */
function linksOf(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8').replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '')
  const targets = Array.from(text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g), ([, target = '']) => target)
  return targets.filter((target) => !/^[a-z]+:/.test(target))
}

function resolves(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? join(ROOT, from) : join(ROOT, dirname(from), path)
  if (!existsSync(file)) return false
  if (anchor === undefined || !file.endsWith('.md')) return true
  const headings = Array.from(readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    toAnchor(heading),
  )
  return headings.includes(anchor)
}

/** As the usual renderers make it from a heading. */
function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}
