// Finds loops that wait for the time to pass. On Cloudflare the clock stands still inside a turn: such a loop never ends there, and ends
// at once or spins where it is tested. Engines of ours cannot show it, so the code is read.

import { parseSync } from 'oxc-parser'
import type { SourceFile } from './sources.ts'

type Node = { readonly type: string; readonly start: number } & Readonly<Record<string, unknown>>

const LOOPS: ReadonlySet<string> = new Set([
  'WhileStatement',
  'DoWhileStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
])
const FUNCTIONS: ReadonlySet<string> = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/**
 * Loops that read the clock and give nobody a turn in between: read before the loop the time is the same, since no turn ends in it.
 *
 * @returns `path:line` of each
 */
export function clockLoopsIn(file: SourceFile): string[] {
  const { program, errors } = parseSync(file.path, file.text)
  if (errors.length > 0) throw new Error(`${file.path} cannot be parsed: ${errors[0]?.message ?? ''}`)
  const found: string[] = []
  walk(program, (node) => {
    if (LOOPS.has(node.type) && isIn(node, isClock) && !isIn(node, isPause))
      found.push(`${file.path}:${file.text.slice(0, node.start).split('\n').length}`)
    return true
  })
  return found
}

/** Whether a loop has such a node that runs as a part of it. */
function isIn(loop: Node, is: (node: Node) => boolean): boolean {
  let isFound = false
  const [begin] = loop.type === 'ForStatement' ? [loop['init']] : loop.type.startsWith('For') ? [loop['right']] : []
  walk(loop, (node) => {
    // What runs once before the loop is not in it.
    if (isFound || node === begin) return false
    isFound = is(node)
    // A loop inside accounts for itself, and so does a function that is only made here.
    return !FUNCTIONS.has(node.type) || isCalledAtOnce(node)
  })
  return isFound
}

/** Handed to something that calls it while the loop stands still: `items.find(() => ...)`. Others are not told from these. */
function isCalledAtOnce(node: Node): boolean {
  return node.type === 'ArrowFunctionExpression' && node['async'] !== true
}

/** `Date.now()`, `performance.now()`, `deps.now()`, `now()`, `new Date()`, `process.hrtime()`. */
function isClock(node: Node): boolean {
  if (node.type === 'NewExpression')
    return nameOf(node['callee']) === 'Date' && (node['arguments'] as unknown[]).length === 0
  return node.type === 'CallExpression' && ['now', 'hrtime', 'nowMs', 'Date'].includes(nameOf(node['callee']))
}

/** An await that may take a turn: one of a value that is there already takes none. */
function isPause(node: Node): boolean {
  if (node.type === 'ForOfStatement' || node.type === 'YieldExpression')
    return node['await'] === true || node.type === 'YieldExpression'
  if (node.type !== 'AwaitExpression') return false
  const awaited = node['argument'] as Node
  if (awaited.type === 'CallExpression') return nameOf(awaited['callee']) !== 'resolve'
  return awaited.type !== 'Literal' && !(awaited.type === 'Identifier' && awaited['name'] === 'undefined')
}

/** The last name of a callee: `now` of `this.#deps.now`. */
function nameOf(callee: unknown): string {
  const node = callee as Node
  const named = node.type === 'MemberExpression' ? (node['property'] as Node) : node
  return typeof named['name'] === 'string' ? named['name'] : ''
}

/** @param visit false = not below this one */
function walk(node: unknown, visit: (node: Node) => boolean): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit)
    return
  }
  if (typeof node !== 'object' || node === null) return
  if (typeof (node as Partial<Node>).type === 'string' && !visit(node as Node)) return
  for (const [key, value] of Object.entries(node)) if (key !== 'parent') walk(value, visit)
}
