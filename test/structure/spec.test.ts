import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/server.ts'
import { sourcesBelow } from './sources.ts'

const testFiles = sourcesBelow('test')
  .filter(({ path }) => path.endsWith('.test.ts'))
  .map(({ path, text }) => ({ path, text: text.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '') }))
const rules = Array.from(
  readFileSync(join(ROOT, 'SPEC.md'), 'utf8').matchAll(/^- \*\*([A-Z]{2}\d+)\*\* /gm),
  ([, id = '']) => id,
)
/** Titles begin with what they cite: `[CP3] ...`, `[CP3, HT2] ...`, `[CP3] [HT2] ...`. */
const TITLE = /(['"`])((?:\[[A-Z]{2}\d+(?:, [A-Z]{2}\d+)*\] )+)/g
const cited = testFiles.flatMap(({ path, text }) =>
  Array.from(text.matchAll(TITLE)).flatMap(([, , ids = '']) =>
    Array.from(ids.matchAll(/[A-Z]{2}\d+/g), ([id]) => ({ id, path })),
  ),
)

test('[FW7] SPEC.md states each rule once', () => {
  expect(rules.length).toBeGreaterThan(50)
  expect(rules.filter((id, index) => rules.indexOf(id) !== index)).toEqual([])
})

test('[FW7] every rule of SPEC.md is cited by the title of a test', () => {
  const missing = rules.filter((rule) => !cited.some(({ id }) => id === rule))
  expect(missing, `no test cites ${missing.join(', ')}`).toEqual([])
})

test('[FW7] every rule that a test cites stands in SPEC.md', () => {
  expect(cited.filter(({ id }) => !rules.includes(id))).toEqual([])
})

test('[FW7] every test cites a rule in its title', () => {
  const silent = testFiles.flatMap(({ path, text }) =>
    Array.from(text.matchAll(/^ *(?:test|it)(?:\.\w+)?\(\s*(['"`])(?!\[[A-Z]{2}\d)(.*?)\1/gm), ([, , title]) => ({
      path,
      title,
    })),
  )
  expect(silent).toEqual([])
})
