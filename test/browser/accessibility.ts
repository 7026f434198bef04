// The accessibility check of what a page shows.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')

interface Axe {
  run(options: RunOptions): Promise<AxeResults>
}

/** What the check finds serious or worse, each with the places. */
export async function check(page: Page, view: string, colorScheme: 'light' | 'dark'): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE)
  // In the other colours the page is the same but for its contrast.
  const rules = colorScheme === 'light' ? {} : { runOnly: ['color-contrast'] }
  const { violations } = await page.evaluate(
    (options) => (globalThis as unknown as { axe: Axe }).axe.run({ ...options, resultTypes: ['violations'] }),
    rules,
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id: rule, nodes }) => `${view}: ${rule}: ${nodes.map(({ html: place }) => place.slice(0, 150)).join(' | ')}`,
    )
}
