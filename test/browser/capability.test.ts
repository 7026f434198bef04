// A person with a link to a wiki, at a deployment without wildcard names: the page has no origin, and works all the same.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createWiki, grant } from '../clients/own-origin.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { launchBrowser } from './browser.ts'
import { newTab, noticed, openWiki } from './tabs.ts'
import { booted, textOf, writeTiddler } from './tiddlywiki.ts'

let server: TestServer
let browser: Browser
beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer({ args: ['--path-capabilities'] }), launchBrowser()])
})
afterAll(async () => {
  await browser.close()
})

test('[AU9] [WK6] a wiki at a capability is edited and saved, and is there after a reload and in another tab', async () => {
  const wiki = await createWiki(server)
  expect(wiki.url.startsWith(`${server.url}/wikis/${wiki.id}/~`)).toBe(true)
  const { page, alerts, errors, downloads } = await openWiki(browser, wiki)
  expect(page.url()).toBe(wiki.url)
  expect(await page.evaluate(() => self.origin)).toBe('null')
  expect((await writeTiddler(page, 'Monday', 'We met.')).status()).toBe(204)
  // The second save names the tag of the first, which the page may read.
  expect((await writeTiddler(page, 'Tuesday', 'Again.')).status()).toBe(204)
  // The toolbar changes the text that was selected, as in the editor with a frame.
  await page.locator('button:has(.tc-image-new-button)').first().dispatchEvent('click')
  const area = page.locator('textarea.tc-edit-texteditor')
  await area.fill('strong')
  await area.selectText()
  await page.locator('button:has(.tc-image-bold)').first().click()
  expect(await area.inputValue()).toBe("''strong''")
  await area.press('Control+Enter')
  await area.waitFor({ state: 'detached' })
  await page.reload()
  await booted(page)
  expect([await textOf(page, 'Monday'), await textOf(page, 'Tuesday')]).toEqual(['We met.', 'Again.'])

  const reader = await openWiki(browser, await grant(server, wiki.id, 'read'))
  await noticed(reader.page, /You can read this wiki, not change it/)
  // A tab that is behind is told so: its first save names what it has loaded, not what is there now.
  const behind = await openWiki(browser, wiki)
  expect((await writeTiddler(page, 'Wednesday', 'First.')).status()).toBe(204)
  expect((await writeTiddler(behind.page, 'Thursday', 'Second.')).status()).toBe(412)
  expect([alerts, errors, downloads]).toEqual([[], [], []])
})

test('[AU9] [WK11] a wiki that is stored by tiddlers works at a capability, too', async () => {
  const wiki = await createWiki(server, 'write', { params: { storage: 'tiddlers' } })
  const { page, errors } = await openWiki(browser, wiki)
  expect((await writeTiddler(page, 'A / title', 'One row.')).status()).toBe(204)
  const other = await openWiki(browser, wiki)
  expect(await textOf(other.page, 'A / title')).toBe('One row.')
  expect(errors).toEqual([])
})

test('[AU9] [AU12] the page reaches nothing of the main origin, and tells nobody its address', async () => {
  const wiki = await createWiki(server)
  const referrers: (string | undefined)[] = []
  const elsewhere = createServer((request, response) => {
    referrers.push(request.headers.referer)
    response.end()
  })
  elsewhere.listen(0, '127.0.0.1')
  onTestFinished(() => {
    elsewhere.close()
    elsewhere.closeAllConnections()
  })
  await once(elsewhere, 'listening')

  const { page } = await newTab(browser)
  await page.goto(server.stdout.join('\n').match(/http\S+sign-in\?code=\S+/)?.[0] ?? '')
  await page.evaluate(() => localStorage.setItem('secret', 'of the console'))
  // The operator follows a link of his own; from here on the browser holds his session.
  await page.goto(`${server.url}/wikis/${wiki.id}/`)
  await booted(page)
  expect(page.url().startsWith(`${server.url}/wikis/${wiki.id}/~`)).toBe(true)
  expect(await attempt(page, readCookies)).toBe('SecurityError')
  expect(await attempt(page, () => localStorage.getItem('secret'))).toBe('SecurityError')
  expect(await attempt(page, () => indexedDB.open('x'))).toBe('SecurityError')
  expect(await attempt(page, () => navigator.serviceWorker.register('/assets/x.js'))).toBe('SecurityError')
  expect(await attempt(page, () => fetch('/v1/wikis', { credentials: 'include' }))).toBe('TypeError')
  expect(await attempt(page, () => fetch('/v1/wikis', { method: 'POST', credentials: 'include' }))).toBe('TypeError')
  expect(await attempt(page, readFrame)).toBe('got nothing')
  await page.evaluate(loadImage, `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/pixel`)
  expect(referrers).toEqual([undefined])
  // The attempts were real: the same browser is signed in, and can do all of that from the console's own pages.
  await page.goto(`${server.url}/`)
  expect(await page.evaluate(async () => (await fetch('/v1/wikis')).status)).toBe(200)
  expect(await page.evaluate(() => localStorage.getItem('secret'))).toBe('of the console')
  const list = (await (await server.fetch('/v1/wikis')).json()) as { data: object[] }
  expect(list.data).toHaveLength(3)
})

/** What an attempt in the page came to: a value, or the name of an error. */
async function attempt(page: Page, act: () => unknown): Promise<string> {
  try {
    return `got ${String(await page.evaluate(act))}`
  } catch (error) {
    return /\b[A-Z]\w*Error\b/.exec(String(error))?.[0] ?? String(error)
  }
}

/** In the page: by the browser's own way to them, which our plugin hides from TiddlyWiki. */
function readCookies(): unknown {
  return Object.getOwnPropertyDescriptor(Document.prototype, 'cookie')?.get?.call(document)
}

/** In the page: what it can read of the console in a frame. */
function readFrame(): Promise<string> {
  const frame = document.createElement('iframe')
  frame.src = '/'
  document.body.append(frame)
  return new Promise((resolve) => {
    frame.addEventListener('load', () => resolve(frame.contentDocument?.title ?? 'nothing'))
  })
}

/** In the page: asks another server for something. */
function loadImage(url: string): Promise<void> {
  const image = new Image()
  return new Promise((resolve) => {
    image.addEventListener('error', () => resolve())
    image.src = url
  })
}
