// What goes into wikis and comes out of them by the web console, in a real browser.

import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeSingleFile } from '../clients/made-wikis.ts'
import { grant } from '../clients/own-origin.ts'
import { HTML, page as html, wikiApi } from '../clients/wiki-api.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { launchBrowser } from './browser.ts'
import { choose, eventually, opened, openConsole, row, seed } from './console.ts'
import { booted, textOf } from './tiddlywiki.ts'

let server: TestServer
let browser: Browser
beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
})
afterAll(async () => {
  await browser.close()
})

const { api } = wikiApi(() => server)

test('[CO1] [CO2] a wiki has versions: looked at, downloaded, and restored, which is a version again', async () => {
  const { id } = await seed(server, 'With versions')
  const wiki = { id, token: (await grant(server, id, 'write')).token }
  for (const text of ['first save', 'second save']) {
    // eslint-disable-next-line no-await-in-loop -- the order is what is tested
    await api(wiki, 'PUT', '', { body: html(text), headers: HTML })
  }
  const { page } = await openConsole(browser, server, `/#/wikis/${id}/versions`)
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download version 1' }).click(),
  ])
  expect(file.suggestedFilename()).toBe('With versions (version 1).html')
  expect(readFileSync(await file.path(), 'utf8')).toContain('first save')
  const preview = await opened(page, () => page.getByRole('link', { name: 'Preview version 1' }).click())
  await preview.getByText('first save').waitFor()
  expect(new URL(preview.url()).pathname).toBe('/versions/1')

  await page.getByRole('button', { name: 'Restore version 1' }).click()
  await page.getByText('Version 3').waitFor()
  expect(await (await api(wiki, 'GET')).text()).toContain('first save')
  expect(await (await api(wiki, 'GET', 'versions/2')).text()).toContain('second save')
})

test('[CO1] a wiki comes from a file that is dropped onto the list, and goes out as JSON', async () => {
  const { page } = await openConsole(browser, server)
  await page.getByRole('searchbox').waitFor()
  const content = makeSingleFile([{ title: 'Brought along', text: 'from a disk' }])
  await drop(page, 'My notes.html', content)
  const dialog = page.getByRole('dialog', { name: 'New wiki' })
  expect(await dialog.getByLabel('Name').inputValue()).toBe('My notes')
  await dialog.getByRole('button', { name: 'Create' }).click()
  await dialog.getByText(/“My notes” is ready\. It has \d+ tiddlers/).waitFor()
  const wiki = await opened(page, () => dialog.getByRole('link', { name: 'Open it' }).click())
  await booted(wiki)
  expect(await textOf(wiki, 'Brought along')).toBe('from a disk')

  await choose(page, 'My notes', 'Versions')
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export tiddlers as JSON' }).click(),
  ])
  expect(JSON.parse(readFileSync(await file.path(), 'utf8'))).toContainEqual(
    expect.objectContaining({ title: 'Brought along' }),
  )
})

test('[CO1] [CO2] a wiki is a template for others, which may be stored otherwise, and be converted back', async () => {
  const { id } = await seed(server, 'Meeting notes', { labels: { template: '' } })
  const wiki = { id, token: (await grant(server, id, 'write')).token }
  await api(wiki, 'POST', 'import', { body: makeSingleFile([{ title: 'Agenda', text: 'always' }]), headers: HTML })
  const { page } = await openConsole(browser, server)
  const dialog = page.getByRole('dialog', { name: 'New wiki' })
  await page.getByRole('button', { name: 'New wiki' }).click()
  await dialog.getByLabel('Name').fill('Copied')
  await dialog.getByText('From a template').click()
  await dialog.getByRole('combobox', { name: 'Copy of' }).click()
  await page.getByRole('option', { name: 'Meeting notes' }).click()
  await dialog.getByText('By tiddlers').click()
  await dialog.getByRole('button', { name: 'Create' }).click()
  await dialog.getByText('“Copied” is ready').waitFor()
  const copy = await opened(page, () => dialog.getByRole('link', { name: 'Open it' }).click())
  await booted(copy)
  expect(await textOf(copy, 'Agenda')).toBe('always')

  await choose(page, 'Copied', 'Versions')
  await page.getByText('Stored by tiddlers.').waitFor()
  await page.getByRole('button', { name: 'Store as one file' }).click()
  await page.getByRole('dialog', { name: 'Store as one file?' }).getByRole('button', { name: 'Convert' }).click()
  await page.getByText('Version 1').waitFor()
  await copy.reload()
  await booted(copy)
  expect(await textOf(copy, 'Agenda')).toBe('always')
})

test('[CO2] [CO4] content that does not get in leaves a choice: again, or the empty wiki is taken away', async () => {
  const { page } = await openConsole(browser, server)
  await page.getByRole('searchbox').waitFor()
  await page.route('**/import', (route) => route.abort())
  await drop(page, 'Broken.html', html('x'))
  const dialog = page.getByRole('dialog', { name: 'New wiki' })
  await dialog.getByRole('button', { name: 'Create' }).click()
  await dialog.getByText('The content did not get in').waitFor()
  await dialog.getByRole('button', { name: 'Try again' }).click()
  await dialog.getByRole('button', { name: 'Take it away' }).click()
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await eventually(() => row(page, 'Broken').count()).toBe(0)
  const list = (await (await server.fetch('/v1/wikis?q=Broken')).json()) as { data: unknown[] }
  expect(list.data).toEqual([])
})

/** As a file manager does it. */
async function drop(page: Page, name: string, content: string): Promise<void> {
  const data = await page.evaluateHandle(
    ([fileName, text]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([text ?? ''], fileName ?? '', { type: 'text/html' }))
      return transfer
    },
    [name, content],
  )
  for (const event of ['dragenter', 'dragover', 'drop']) {
    // eslint-disable-next-line no-await-in-loop -- one after the other
    await page.locator('main .drop-zone').dispatchEvent(event, { dataTransfer: data })
  }
}
