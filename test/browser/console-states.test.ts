// The console when something is missing: the control plane, the session, a wiki's good will; and with types that it does not know.

import { extname } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CONSOLE_LEDGERS_APP } from '../support/apps.ts'
import { json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { launchBrowser } from './browser.ts'
import { choose, eventually, openConsole, openSignedOut, row, seed, stateOf } from './console.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
})

test('[CO4] a control plane that is dead is said, what was loaded stays, and all goes on by itself when it is back', async () => {
  const server = await startServer()
  const { id } = await seed(server, 'Still there')
  const { page } = await openConsole(browser, server)
  await row(page, 'Still there').waitFor()

  const revive = keepDead(server)
  // Coming back to the tab makes the console look again; meanwhile somebody changes something, and somebody else arrives.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await choose(page, 'Still there', 'Suspend')
  await row(page, 'Still there').getByText('Suspended').waitFor()
  const late = await openConsole(browser, server)
  await page.getByText('The control plane does not answer.').waitFor()
  await page.getByText(/Trying again/).waitFor()
  await page.getByText('“Still there” was not changed').waitFor()
  await row(page, 'Still there').getByText('Active').waitFor()
  // Who has nothing to look at yet is told why.
  await late.page.getByRole('button', { name: 'Try again' }).waitFor()

  await revive()
  await page.getByText('The control plane does not answer.').waitFor({ state: 'detached' })
  await row(late.page, 'Still there').waitFor()
  await choose(page, 'Still there', 'Suspend')
  await eventually(async () => (await stateOf(server, id)).state).toBe('suspended')
})

test('[CO4] a session that has ended leads to signing in; a refusal is shown in the server’s words', async () => {
  const server = await startServer()
  await seed(server, 'Mine')
  await seed(server, 'Taken')
  const { page } = await openConsole(browser, server)
  await choose(page, 'Mine', 'Rename')
  await page.getByRole('dialog').getByLabel('Name').fill('taken')
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
  await page.getByText('“Mine” was not changed').waitFor()
  await page.getByText(/request [\w-]+\)/).waitFor()
  await row(page, 'Mine').waitFor()

  await page.goto(`${server.url}/#/wikis/wiki-0000000000000000-local-00000000`)
  await page.getByRole('dialog').getByRole('heading', { name: 'Not found' }).waitFor()
  await page.keyboard.press('Escape')

  await page.context().clearCookies()
  await page.getByRole('searchbox').fill('anything')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
})

test('[CO1] [FW1] types of a builder’s own get what all types have in common', async () => {
  const server = await startServer({ app: CONSOLE_LEDGERS_APP })
  await server.fetch('/v1/sheets', json('POST', { name: 'First sheet' }))
  const { page } = await openConsole(browser, server)
  await page.getByRole('heading', { name: 'Make your first ledger' }).waitFor()
  await page.getByRole('tab', { name: 'Sheets' }).click()
  await choose(page, 'First sheet', 'Rename')
  await page.getByRole('dialog').getByLabel('Name').fill('Renamed sheet')
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
  await page.getByRole('link', { name: 'Renamed sheet', exact: true }).click()
  await page.getByRole('tab', { name: 'Sharing' }).click()
  await page.getByRole('radio', { name: 'Public, to read and change' }).waitFor()
  expect(await page.getByRole('tab', { name: 'Versions' }).count()).toBe(0)
})

test('[CO5] the page and all that it loads come from this server, compressed and for ever', async () => {
  const server = await startServer()
  const { page } = await openSignedOut(browser, server)
  const answers: { readonly path: string; readonly encoding?: string; readonly cache?: string }[] = []
  page.on('response', (response) => {
    const { 'content-encoding': encoding = '', 'cache-control': cache = '' } = response.headers()
    const { pathname: path } = new URL(response.url())
    if (path.startsWith('/assets/')) answers.push({ path, encoding, cache })
  })
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  const expected = { encoding: 'gzip', cache: 'public, max-age=31536000, immutable' }
  expect(answers.toSorted((a, b) => extname(a.path).localeCompare(extname(b.path)))).toEqual([
    { path: expect.stringMatching(/^\/assets\/console\.[0-9a-f]{12}\.css$/), ...expected },
    { path: expect.stringMatching(/^\/assets\/console\.[0-9a-f]{12}\.js$/), ...expected },
  ])
})

/** Kills the control process, and whatever is started in its place, until the returned function is called. */
function keepDead(server: TestServer): () => Promise<void> {
  const over = new AbortController()
  const killing = (async () => {
    while (!over.signal.aborted) {
      // eslint-disable-next-line no-await-in-loop -- one life after the other
      await server.control.kill9()
      // eslint-disable-next-line no-await-in-loop
      await server.logged(
        ({ event, process, pid }) => event === 'engine_started' && process === 'control' && pid === server.control.pid,
      )
    }
  })()
  return async () => {
    over.abort()
    await killing
    await server.control.ready()
  }
}
