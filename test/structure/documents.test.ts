import { spawnSync } from 'node:child_process'
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

test('[FW7] what a document leads to is in the repository, and not only in this folder', () => {
  const targets = documents().flatMap((path) =>
    linksOf(path)
      .map((link) => link.split('#')[0] ?? '')
      .filter((link) => link !== '')
      .map((link) => join(dirname(path), link)),
  )
  const { status, stdout } = spawnSync('git', ['check-ignore', '--stdin'], {
    cwd: ROOT,
    input: targets.join('\n'),
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
  // Of those that were asked for, none is ignored; what was taken out of its repository cannot be asked.
  if (existsSync(join(ROOT, '.git'))) expect(status).toBe(1)
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
