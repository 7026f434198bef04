// For everybody: every view of the console in both colour schemes under an accessibility check, and on a phone.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grant } from '../clients/own-origin.ts'
import { HTML, page as html, wikiApi } from '../clients/wiki-api.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { check } from './accessibility.ts'
import { launchBrowser } from './browser.ts'
import { openConsole, openSignedOut, seed } from './console.ts'

const LABELS = { team: 'docs', template: '' }

let server: TestServer
let browser: Browser
let id = ''
beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ timers: { deleteRetentionMs: 3_600_000 } }), launchBrowser()])
  id = (await seed(server, 'Handbook', { labels: LABELS })).id
  const wiki = { id, token: (await grant(server, id, 'write')).token }
  await api(wiki, 'PUT', '', { body: html('first'), headers: HTML })
  await api(wiki, 'PUT', '', { body: html('second'), headers: HTML })
  await seed(server, `A name that is${' very'.repeat(16)} long`)
  const gone = await seed(server, 'Gone')
  await server.fetch(`/v1/wikis/${gone.id}`, { method: 'DELETE' })
})
afterAll(async () => {
  await browser.close()
})

const { api } = wikiApi(() => server)

/** Every view: how to get there from the list, and what shows that it is there. */
const VIEWS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  list: (page) => page.getByRole('link', { name: 'Handbook', exact: true }).waitFor(),
  'nothing found': async (page) => {
    await page.getByRole('searchbox').fill('no such')
    await page.getByRole('heading', { name: 'Nothing found' }).waitFor()
  },
  menu: async (page) => {
    await page.getByRole('button', { name: 'More for Handbook' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).waitFor()
  },
  deleted: async (page) => {
    await page.getByRole('radiogroup').getByText('Deleted').click()
    await page.getByRole('button', { name: 'Restore Gone' }).waitFor()
  },
  'purging asked': async (page) => {
    await page.getByRole('button', { name: 'Delete for good: Gone' }).click()
    await page.getByRole('dialog').getByRole('textbox').waitFor()
  },
  'create blank': async (page) => {
    await page.getByRole('button', { name: 'New wiki' }).click()
    await page.getByRole('dialog').getByLabel('Name').waitFor()
  },
  'create from a file': async (page) => {
    await page.getByRole('dialog').getByText('From a file').click()
    await page.getByRole('button', { name: 'Choose a file' }).waitFor()
  },
  'create from a template': async (page) => {
    await page.getByRole('dialog').getByText('From a template').click()
    await page.getByRole('combobox', { name: 'Copy of' }).click()
    await page.getByRole('option', { name: 'Handbook' }).waitFor()
  },
  overview: async (page) => {
    await page.getByRole('link', { name: 'Handbook', exact: true }).click()
    await page.getByRole('button', { name: 'Save labels' }).waitFor()
  },
  sharing: async (page) => {
    await page.getByRole('tab', { name: 'Sharing' }).click()
    await page.getByRole('button', { name: 'Create link' }).click()
    await page.getByRole('textbox', { name: 'Share link' }).waitFor()
  },
  versions: async (page) => {
    await page.getByRole('tab', { name: 'Versions' }).click()
    await page.getByRole('button', { name: 'Restore version 1' }).waitFor()
  },
}

/** What has to be closed before the next view. */
const ENDS: ReadonlySet<string> = new Set(['menu', 'purging asked', 'create from a template', 'versions'])

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  test('[CO3] an accessibility check finds nothing serious in any view', async () => {
    const { page: door } = await openSignedOut(browser, server, { colorScheme, reducedMotion: 'reduce' })
    await door.getByRole('heading', { name: 'Sign in' }).waitFor()
    const found = [...(await check(door, 'sign-in', colorScheme))]
    const { page } = await openConsole(browser, server, '/', { colorScheme, reducedMotion: 'reduce' })
    expect(await page.evaluate(() => document.documentElement.dataset['mantineColorScheme'])).toBe(colorScheme)
    for (const [view, lead] of Object.entries(VIEWS)) {
      // eslint-disable-next-line no-await-in-loop -- one page, one view after the other
      await lead(page)
      // eslint-disable-next-line no-await-in-loop
      found.push(...(await check(page, view, colorScheme)))
      // eslint-disable-next-line no-await-in-loop
      if (view === 'nothing found') await page.getByRole('searchbox').fill('')
      // eslint-disable-next-line no-await-in-loop
      if (view === 'purging asked') await leave(page, 'Current')
      // eslint-disable-next-line no-await-in-loop
      else if (ENDS.has(view)) await leave(page)
    }
    expect(found).toEqual([])
  })
})

test('[CO3] on a phone every view fits its width', async () => {
  const { page } = await openConsole(browser, server, '/', {
    viewport: { width: 375, height: 700 },
    hasTouch: true,
    reducedMotion: 'reduce',
  })
  const wide: string[] = []
  for (const [view, lead] of Object.entries(VIEWS)) {
    // eslint-disable-next-line no-await-in-loop -- one page, one view after the other
    await lead(page)
    // eslint-disable-next-line no-await-in-loop
    const over = await page.evaluate(
      () =>
        [document.documentElement, ...document.querySelectorAll('[role=dialog], main')].filter(
          (element) => element.scrollWidth > Math.min(element.clientWidth, innerWidth),
        ).length,
    )
    if (over > 0) wide.push(view)
    // eslint-disable-next-line no-await-in-loop
    if (view === 'nothing found') await page.getByRole('searchbox').fill('')
    // eslint-disable-next-line no-await-in-loop
    if (view === 'purging asked') await leave(page, 'Current')
    // eslint-disable-next-line no-await-in-loop
    else if (ENDS.has(view)) await leave(page)
  }
  expect(wide).toEqual([])
  const header = page.locator('header.header')
  expect(await header.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight)).toBe(0)
  const [tab, button] = [page.getByRole('tab', { name: 'Accounts' }), page.getByRole('button', { name: 'Sign out' })]
  expect(await tab.evaluate((element) => element.getBoundingClientRect().right)).toBeLessThan(
    await button.evaluate((element) => element.getBoundingClientRect().left),
  )
})

test('[CO3] the colours follow the system until somebody chooses, and then stay', async () => {
  const { page } = await openConsole(browser, server, '/', { colorScheme: 'dark' })
  const scheme = (): Promise<string | undefined> =>
    page.evaluate(() => document.documentElement.dataset['mantineColorScheme'])
  expect(await scheme()).toBe('dark')
  await page.getByRole('button', { name: 'Switch to light colours' }).click()
  expect(await scheme()).toBe('light')
  await page.reload()
  await page.getByRole('button', { name: 'Switch to dark colours' }).waitFor()
  expect(await scheme()).toBe('light')
})

/** Closes what is open, as a keyboard does; then shows that list. */
async function leave(page: Page, list?: string): Promise<void> {
  // The list of options and the dialog around it each take one.
  await page.keyboard.press('Escape')
  if ((await page.getByRole('dialog').count()) > 0) await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  if (list !== undefined) await page.getByRole('radiogroup').getByText(list).click()
}
