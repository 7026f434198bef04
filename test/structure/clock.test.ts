import { describe, expect, test } from 'vitest'
import { clockLoopsIn } from './clock.ts'
import { sourcesBelow } from './sources.ts'

/** What runs inside the engine. */
const FOLDERS = ['edge', 'control-plane', 'data-plane', 'object', 'types'] as const

test('[CD6] no loop inside the engine waits for the time to pass', () => {
  const files = FOLDERS.flatMap((folder) => sourcesBelow(`src/${folder}`))
  expect(files.length).toBeGreaterThan(100)
  expect(files.flatMap(clockLoopsIn)).toEqual([])
})

const found = (text: string): number => clockLoopsIn({ path: 'x.ts', text }).length

describe('the check itself', () => {
  test.each([
    'while (Date.now() < end) {}',
    'do { n++ } while (performance.now() - begin < 10)',
    'for (;;) { if (Date.now() > end) break }',
    'for (let at = 0; at < end; at = this.#deps.now()) work()',
    'function f() { for (const item of items) { if (now() > end) return; put(item) } }',
    'while (new Date() < end) spin()',
    'while (new Date().getTime() < end) spin()',
    'while (items.some((item) => item.due > Date.now())) spin()',
    'async function f() { while (Date.now() < end) await undefined }',
    'async function f() { while (Date.now() < end) await Promise.resolve() }',
    'async function f() { while (Date.now() < end) { later(async () => { await call() }) } }',
    'async function f() { for (const x of xs) { await call(x); while (Date.now() < end) {} } }',
    'class A { async run() { while (!this.done) { this.done = process.hrtime.bigint() > end && Date.now() } } }',
  ])('[CD6] finds %s', (text) => {
    expect(found(text)).toBe(1)
  })

  test.each([
    'const end = Date.now() + 5; for (const item of items) put(item, end)',
    'for (let at = Date.now(), n = 0; n < 3; n++) put(at)',
    'for (const item of due(Date.now())) put(item)',
    'async function f() { while (Date.now() < end) await call() }',
    'async function f() { for (;;) { const { done } = await reader.read(); if (done || Date.now() > end) break } }',
    'async function f() { for await (const part of parts) if (Date.now() > end) break }',
    'for (const item of items) later.push(async () => put(item, Date.now()))',
    'for (const item of items) known.push(function () { return Date.now() })',
    'while (n-- > 0) spin()',
  ])('[CD6] passes %s', (text) => {
    expect(found(text)).toBe(0)
  })

  test('[CD6] says where', () => {
    expect(clockLoopsIn({ path: 'a.ts', text: '\n\nwhile (Date.now() < end) {}\n' })).toEqual(['a.ts:3'])
  })
})
