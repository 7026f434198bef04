// Accounts in the console, as the operator has them: made, given keys, suspended, deleted with all that they have.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccount } from '../support/accounts.ts'
import { CONSOLE_TENANTS_APP } from '../support/apps.ts'
import { content, json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { check } from './accessibility.ts'
import { launchBrowser } from './browser.ts'
import { choose, eventually, openConsole, row } from './console.ts'

/** Long enough to change one's mind in a test. */
const DAY_MS = 24 * 3_600_000

let server: TestServer
let browser: Browser
beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ timers: { deleteRetentionMs: DAY_MS } }), launchBrowser()])
})
afterAll(async () => {
  await browser.close()
})

test('[CO1] [CO3] [CO6] [AC3] an account is made, and gets a key that is shown once, works, and is revoked', async () => {
  const { page } = await openConsole(browser, server)
  await page.getByRole('tab', { name: 'Accounts' }).click()
  await page.getByRole('heading', { name: 'Make your first account' }).waitFor()
  await page.getByRole('button', { name: 'Create an account' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Acme')
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
  await page.getByRole('link', { name: 'Make a key for it' }).click()
  await page.getByText('No keys yet').waitFor()
  await page.getByLabel('Name of the key').fill('deploy')
  await page.getByLabel('Whoever has it can').selectOption('read')
  await page.getByLabel('It works').selectOption('30 days')
  await page.getByRole('button', { name: 'Create key' }).click()
  const key = await page.getByRole('textbox', { name: 'The new key' }).inputValue()
  expect((await content(server, '/v1/wikis', key)).status).toBe(200)
  expect((await content(server, '/v1/wikis', key, json('POST', {}))).status).toBe(403)
  expect(await check(page, 'keys', 'light')).toEqual([])
  await eventually(() => page.getByRole('list', { name: 'API keys' }).textContent()).toMatch(/deploy.*read .*ends/)

  await page.reload()
  await page.getByRole('button', { name: 'Revoke deploy' }).click()
  expect(await page.getByRole('textbox', { name: 'The new key' }).count()).toBe(0)
  await page.getByRole('dialog', { name: 'Revoke “deploy”?' }).getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('No keys yet').waitFor()
  expect((await content(server, '/v1/wikis', key)).status).toBe(401)
})

test('[CO2] [CO6] [AC5] an account is suspended and resumed; it is deleted when that is confirmed, and restored with its keys', async () => {
  const { ask } = await makeAccount(server, { name: 'Umbrella' })
  const { page } = await openConsole(browser, server, '/#/accounts')
  await choose(page, 'Umbrella', 'Suspend')
  await row(page, 'Umbrella').getByText('Suspended').waitFor()
  await eventually(async () => (await ask('/v1/wikis')).status).toBe(403)
  await choose(page, 'Umbrella', 'Make active')
  await eventually(async () => (await ask('/v1/wikis')).status).toBe(200)

  await choose(page, 'Umbrella', 'Delete')
  const dialog = page.getByRole('dialog', { name: 'Delete “Umbrella”?' })
  await dialog.getByText('all that it has is deleted with it').waitFor()
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await row(page, 'Umbrella').waitFor({ state: 'detached' })
  await eventually(async () => (await ask('/v1/wikis')).status).toBe(401)
  await page.getByRole('radiogroup').getByText('Deleted').click()
  await page.getByRole('button', { name: 'Restore Umbrella' }).click()
  await row(page, 'Umbrella').waitFor({ state: 'detached' })
  await eventually(async () => (await ask('/v1/wikis')).status).toBe(200)
})

test('[CO6] [AC10] where the builder signs people in by himself the console has no accounts', async () => {
  const builders = await startServer({ app: CONSOLE_TENANTS_APP })
  const { page } = await openConsole(browser, builders)
  const asked = page.waitForResponse((answer) => new URL(answer.url()).pathname === '/v1/accounts')
  await page.reload()
  expect((await asked).status()).toBe(404)
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
  expect(await page.getByRole('tab', { name: 'Accounts' }).count()).toBe(0)
})
