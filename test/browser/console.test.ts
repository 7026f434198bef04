// The operator's work in the web console, in a real browser.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grant } from '../clients/own-origin.ts'
import { HTML, page as html, wikiApi } from '../clients/wiki-api.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { launchBrowser } from './browser.ts'
import { choose, eventually, opened, openConsole, openSignedOut, patch, row, seed, stateOf } from './console.ts'
import { newTab } from './tabs.ts'
import { booted } from './tiddlywiki.ts'

/** Long enough to change one's mind in a test. */
const DAY_MS = 24 * 3_600_000

let server: TestServer
let browser: Browser
beforeAll(async () => {
  ;[server, browser] = await Promise.all([
    startServer({ timers: { deleteRetentionMs: DAY_MS, usageIntervalMs: 100 } }),
    launchBrowser(),
  ])
})
afterAll(async () => {
  await browser.close()
})

const { api } = wikiApi(() => server)

test('[AU11] [CO3] [CO4] from the printed link to the first wiki by keyboard alone, out, and in again by key', async () => {
  const fresh = await startServer()
  const { page } = await openSignedOut(browser, fresh)
  await page.getByText('it works once').waitFor()
  await page.goto(fresh.stdout.join('\n').match(/http\S+sign-in\?code=\S+/)?.[0] ?? '')
  expect(page.url()).toBe(`${fresh.url}/`)

  await page.getByRole('heading', { name: 'Make your first wiki' }).waitFor()
  await tabTo(page, 'Create a wiki')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'New wiki' }).waitFor()
  await focused(page, 'Name')
  await page.keyboard.type('Handbook <b>')
  await page.keyboard.press('Enter')
  await page.getByText('“Handbook <b>” is ready.').waitFor()
  await focused(page, 'Open it')
  const wiki = await opened(page, () => page.keyboard.press('Enter'))
  await wiki.waitForURL(/^http:\/\/wiki-[a-z0-9-]+\.localhost:\d+\/$/)
  await booted(wiki)
  await page.getByRole('link', { name: 'Handbook <b>', exact: true }).waitFor()

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Operator key').fill('not-the-key')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('This is not the operator key').waitFor()
  await page.getByLabel('Operator key').fill(fresh.operatorKey)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'Handbook <b>', exact: true }).waitFor()
  // Nothing that opens anything is left where another page, or a look over the shoulder, finds it.
  const kept = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, location.href]))
  expect(kept).not.toContain(fresh.operatorKey)
  expect(kept).not.toMatch(/eyJ/)
})

describe('the list', () => {
  test('[CO1] shows the newest first with state, size, last save and cell, and finds by name and identifier', async () => {
    const [older, newer] = [await seed(server, 'Listed: Alpha'), await seed(server, 'Listed: Beta')]
    const { token } = await grant(server, older.id, 'write')
    await api({ id: older.id, token }, 'PUT', '', { body: html('saved'), headers: HTML })
    await eventually(async () => (await stateOf(server, older.id)).usage?.bytes ?? 0).toBeGreaterThan(0)
    const { page } = await openConsole(browser, server)
    await page.getByRole('searchbox').fill('LISTED:')
    await eventually(() => names(page)).toEqual(['Listed: Beta', 'Listed: Alpha'])
    await eventually(() => row(page, 'Listed: Alpha').textContent()).toMatch(/Active\d+ kBjust nowlocal/)
    await page.getByRole('searchbox').fill(newer.id)
    await eventually(() => names(page)).toEqual(['Listed: Beta'])
    await page.getByRole('searchbox').fill('no such wiki')
    await page.getByRole('heading', { name: 'Nothing found' }).waitFor()
  })

  test('[CO1] goes on where a page ends', async () => {
    const many = await startServer()
    for (let index = 0; index < 60; index += 10) {
      // eslint-disable-next-line no-await-in-loop -- all at once some would be answered 202
      await Promise.all(Array.from({ length: 10 }, (_, of) => seed(many, `Wiki ${index + of}`)))
    }
    const { page } = await openConsole(browser, many)
    await page
      .getByRole('link', { name: /^Wiki \d+$/ })
      .nth(49)
      .waitFor()
    await page.mouse.wheel(0, 10_000)
    await page
      .getByRole('link', { name: /^Wiki \d+$/ })
      .nth(59)
      .waitFor()
    expect(new Set(await names(page)).size).toBe(60)
    expect(await page.getByRole('button', { name: /Load more/ }).count()).toBe(0)
  })
})

describe('one wiki', () => {
  test('[CO1] is renamed and gets labels', async () => {
    const { id } = await seed(server, 'Old name')
    const { page } = await openConsole(browser, server)
    await choose(page, 'Old name', 'Rename')
    await page.getByRole('dialog').getByLabel('Name').fill('New name')
    await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
    await page.getByRole('link', { name: 'New name', exact: true }).click()
    await page.getByRole('button', { name: 'Add a label' }).click()
    await page.getByLabel('Label 1', { exact: true }).fill('team')
    await page.getByLabel('Value of label 1').fill('docs')
    await page.getByRole('button', { name: 'Save labels' }).click()
    await page.getByText('Labels saved').waitFor()
    await page.getByRole('button', { name: 'Close the details' }).click()
    await eventually(() => row(page, 'New name').textContent()).toContain('team: docs')
    expect(await stateOf(server, id)).toMatchObject({ name: 'New name', labels: { team: 'docs' } })
  })

  test('[CO1] [CO2] is suspended and made active again', async () => {
    const { id } = await seed(server, 'To suspend')
    const { page } = await openConsole(browser, server)
    await choose(page, 'To suspend', 'Suspend')
    await row(page, 'To suspend').getByText('Suspended').waitFor()
    await eventually(async () => (await stateOf(server, id)).state).toBe('suspended')
    await choose(page, 'To suspend', 'Make active')
    await row(page, 'To suspend').getByText('Active').waitFor()
    await eventually(async () => (await stateOf(server, id)).state).toBe('active')
  })

  test('[CO1] [CO2] is shared by a link, with everybody, and with nobody any more once that is confirmed', async () => {
    const { id } = await seed(server, 'To share')
    const { page } = await openConsole(browser, server, `/#/wikis/${id}/sharing`)
    await page.getByRole('button', { name: 'Create link' }).click()
    const link = await page.getByRole('textbox', { name: 'Share link' }).inputValue()
    const guest = await newTab(browser)
    await guest.page.goto(link)
    await booted(guest.page)

    await page.getByRole('button', { name: 'Revoke all links' }).click()
    await page
      .getByRole('dialog', { name: /Revoke all access/ })
      .getByRole('button', { name: 'Revoke all' })
      .click()
    await page.getByText('All links, tokens and sessions have ended.').waitFor()
    expect((await guest.page.goto(`http://${id}.localhost:${server.port}/`))?.status()).toBe(401)

    await page.getByRole('radio', { name: 'Public, to read' }).click()
    await eventually(async () => (await stateOf(server, id)).visibility).toBe('public-read')
    await eventually(async () => (await guest.page.goto(`http://${id}.localhost:${server.port}/`))?.status()).toBe(200)
  })

  test('[CO1] has a host name of the owner’s own; one that cannot be is refused in words', async () => {
    const { id } = await seed(server, 'With a host')
    const { page } = await openConsole(browser, server, `/#/wikis/${id}/sharing`)
    await page.getByLabel('Host names').fill('Notes.Example.org')
    await page.getByRole('button', { name: 'Save host names' }).click()
    await page.getByText('Host names saved').waitFor()
    expect((await stateOf(server, id)).hosts).toEqual(['notes.example.org'])
    await page.getByLabel('Host names').fill('10.0.0.1')
    await page.getByRole('button', { name: 'Save host names' }).click()
    await page.getByText('was not changed').waitFor()
    expect((await stateOf(server, id)).hosts).toEqual(['notes.example.org'])
  })

  test('[CO2] that somebody else changed meanwhile is shown as it is, and nothing of his is overwritten', async () => {
    const { id } = await seed(server, 'Both change it')
    const { page } = await openConsole(browser, server)
    await row(page, 'Both change it').waitFor()
    await patch(server, id, { name: 'He was quicker' })
    await choose(page, 'Both change it', 'Rename')
    await page.getByRole('dialog').getByLabel('Name').fill('I was slower')
    await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
    await page.getByText('Changed by somebody else meanwhile').waitFor()
    await row(page, 'He was quicker').waitFor()
    expect((await stateOf(server, id)).name).toBe('He was quicker')
  })
})

describe('deleting', () => {
  test('[CO1] [CO2] is undone at once, or later from the list of the deleted', async () => {
    const { id } = await seed(server, 'To delete')
    const { page } = await openConsole(browser, server)
    await choose(page, 'To delete', 'Delete')
    await row(page, 'To delete').waitFor({ state: 'detached' })
    await eventually(async () => (await stateOf(server, id)).state).toBe('deleted')
    await page.getByRole('button', { name: 'Undo' }).click()
    await row(page, 'To delete').waitFor()
    await eventually(async () => (await stateOf(server, id)).state).toBe('active')

    await choose(page, 'To delete', 'Delete')
    await row(page, 'To delete').waitFor({ state: 'detached' })
    // Its name is free meanwhile, and somebody takes it.
    await eventually(async () => (await stateOf(server, id)).state).toBe('deleted')
    await seed(server, 'To delete')
    await page.getByRole('radiogroup').getByText('Deleted').click()
    await page.getByRole('button', { name: 'Restore To delete' }).click()
    const dialog = page.getByRole('dialog', { name: 'Restore “To delete”' })
    await dialog.getByRole('button', { name: 'Restore' }).click()
    await row(page, 'To delete').waitFor({ state: 'detached' })
    await eventually(() => stateOf(server, id)).toMatchObject({ state: 'active', name: 'To delete (restored)' })
  })

  test('[CO2] for good needs the name typed', async () => {
    const { id } = await seed(server, 'To purge')
    await server.fetch(`/v1/wikis/${id}`, { method: 'DELETE' })
    const { page } = await openConsole(browser, server, '/#/wikis/deleted')
    await page.getByRole('button', { name: 'Delete for good: To purge' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.getByRole('button', { name: 'Delete for good' }).isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill('To purge')
    await dialog.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByText('“To purge” is gone for good.').waitFor()
    expect((await stateOf(server, id)).purge_time).toBeUndefined()
  })

  test('[CO2] is asked about where nothing could bring it back', async () => {
    const final = await startServer()
    await seed(final, 'Only one')
    const { page } = await openConsole(browser, final)
    await choose(page, 'Only one', 'Delete')
    const dialog = page.getByRole('dialog', { name: 'Delete “Only one”?' })
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await choose(page, 'Only one', 'Delete')
    await dialog.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('heading', { name: 'Make your first wiki' }).waitFor()
  })
})

function names(page: Page): Promise<string[]> {
  return page.locator('main .name-link').allTextContents()
}

/** Presses Tab until the control of that name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 20; presses++) {
    // eslint-disable-next-line no-await-in-loop -- one key after the other
    await page.keyboard.press('Tab')
    // eslint-disable-next-line no-await-in-loop
    if ((await focusedName(page)) === name) return
  }
  throw new Error(`Tab never reached "${name}"`)
}

async function focused(page: Page, name: string): Promise<void> {
  await eventually(() => focusedName(page)).toBe(name)
}

function focusedName(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null
    return (element?.labels?.[0] ?? element)?.textContent?.trim() ?? ''
  })
}
