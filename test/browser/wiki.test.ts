// A person with a link to a wiki, in a real browser.

import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { PLUGIN_TITLE, SAVE_TEMPLATE_TITLE } from '../../src/types/wiki/generated/assets.ts'
import { makeSingleFile } from '../clients/made-wikis.ts'
import { createWiki, grant, type CreatedWiki } from '../clients/own-origin.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'
import { launchBrowser } from './browser.ts'
import { newTab, noticed, openWiki as openWikiIn, type Tab } from './tabs.ts'
import {
  booted,
  editTiddler,
  encrypt,
  enterPassword,
  hasTiddler,
  saveAsFile,
  textOf,
  writeTiddler,
} from './tiddlywiki.ts'

let server: TestServer
let browser: Browser
beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
})
afterAll(async () => {
  await browser.close()
})

const openTab = (): Promise<Tab> => newTab(browser)
const openWiki = (wiki: Pick<CreatedWiki, 'url'>): Promise<Tab> => openWikiIn(browser, wiki)

describe('a wiki at its own origin', () => {
  test('[WK6] opens by its link, which is then gone from the address', async () => {
    const wiki = await createWiki(server)
    const { page, errors } = await openWiki(wiki)
    expect(page.url()).toBe(`http://${wiki.id}.localhost:${server.port}/`)
    expect(await page.evaluate(() => document.cookie)).toBe('')
    expect(errors).toEqual([])
    // The link works once; the session goes on.
    await page.goto(wiki.url)
    await booted(page)
    const stranger = await openTab()
    expect((await stranger.page.goto(wiki.url))?.status()).toBe(401)
  })

  test('[WK6] is edited and saved, and is there after a reload and after kill -9 of everything', async () => {
    const own = await startServer()
    const wiki = await createWiki(own)
    const { page, alerts, errors } = await openWiki(wiki)
    const saved = await writeTiddler(page, 'Monday', 'We met at //noon//.')
    expect(saved.status()).toBe(204)
    await page.reload()
    await booted(page)
    expect(await textOf(page, 'Monday')).toBe('We met at //noon//.')

    await own.kill9()
    await own.start()
    await page.reload()
    await booted(page)
    expect(await textOf(page, 'Monday')).toBe('We met at //noon//.')
    // The session and the page's tag are still good.
    expect((await writeTiddler(page, 'Tuesday', 'Again.')).status()).toBe(204)
    expect((await writeTiddler(page, 'Wednesday', 'And again.')).status()).toBe(204)
    await page.reload()
    await booted(page)
    expect([await textOf(page, 'Monday'), await textOf(page, 'Wednesday')]).toEqual([
      'We met at //noon//.',
      'And again.',
    ])
    expect([alerts, errors]).toEqual([[], []])
  })

  test('[WK6] stays a small page that shares its core with all wikis, save after save', async () => {
    const wiki = await createWiki(server)
    const { page } = await openWiki(wiki)
    const saved = await writeTiddler(page, 'Small', 'page')
    expect(Number((await saved.request().allHeaders())['content-length'])).toBeLessThan(200_000)
    const requests: string[] = []
    page.on('request', (request) => requests.push(new URL(request.url()).pathname))
    await page.reload()
    await booted(page)
    expect(requests.some((path) => /^\/assets\/tiddlywikicore-[\d.]+\.[0-9a-f]{12}\.js$/.test(path))).toBe(true)
  })

  test('[WK2] tells the person in a tab that is behind, and keeps what the other tab saved', async () => {
    const wiki = await createWiki(server)
    const [left, right] = [await openWiki(wiki), await openWiki(await grant(server, wiki.id, 'write'))]
    expect((await writeTiddler(left.page, 'Left', 'first')).status()).toBe(204)
    expect((await writeTiddler(right.page, 'Right', 'second')).status()).toBe(412)
    await noticed(right.page, /not saved\. This wiki was saved by somebody else.*Nothing was overwritten\./)
    expect(right.alerts).toEqual([])
    await left.page.reload()
    await booted(left.page)
    expect(await textOf(left.page, 'Left')).toBe('first')
  })
})

describe('a wiki that was brought', () => {
  test('[WK9] [WK10] boots with everything in it, keeps its new form when it saves, and gives its tiddlers away', async () => {
    const wiki = await createWiki(server)
    const brought = { title: 'Brought', text: 'from a \u003Cdisk>', tags: 'old' }
    const html = makeSingleFile([brought, { title: '$:/SiteTitle', text: 'Old Book' }])
    const body = await fetch(`${server.url}/wikis/${wiki.id}/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${wiki.token}`, 'content-type': 'text/html' },
      body: html,
    })
    expect(await body.json()).toMatchObject({ converted: true })
    const { page, alerts, errors } = await openWiki(wiki)
    expect(await page.locator('.tc-site-title').textContent()).toBe('Old Book')
    expect(await textOf(page, 'Brought')).toBe(brought.text)
    const saved = await writeTiddler(page, 'New', 'here')
    expect(saved.status()).toBe(204)
    expect(Number((await saved.request().allHeaders())['content-length'])).toBeLessThan(300_000)
    await page.reload()
    await booted(page)
    expect([await textOf(page, 'Brought'), await textOf(page, 'New')]).toEqual([brought.text, 'here'])

    // What TiddlyWiki's own importer makes of the file.
    const json = await page.evaluate(async () => (await fetch('tiddlers.json')).text())
    const imported = await page.evaluate((text) => {
      const { $tw } = globalThis as unknown as {
        $tw: { wiki: { deserializeTiddlers(type: string, text: string): { title: string }[] } }
      }
      return $tw.wiki.deserializeTiddlers('application/json', text)
    }, json)
    expect(imported).toEqual(expect.arrayContaining([expect.objectContaining(brought)]))
    expect([alerts, errors]).toEqual([[], []])
  })
})

test('[WK3] [WK6] a wiki that has its core inside, and is kept as it is, opens and saves itself as a whole', async () => {
  const wiki = await createWiki(server)
  const put = await fetch(`${server.url}/wikis/${wiki.id}/`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${wiki.token}`, 'content-type': 'text/html' },
    body: makeSingleFile([{ title: 'Inside', text: 'all of it' }]),
  })
  expect(put.status).toBe(204)
  const { page, alerts, errors } = await openWiki(wiki)
  expect(await textOf(page, 'Inside')).toBe('all of it')
  const saved = await writeTiddler(page, 'More', 'of it')
  expect(Number((await saved.request().allHeaders())['content-length'])).toBeGreaterThan(2_000_000)
  await page.reload()
  await booted(page)
  expect(await textOf(page, 'More')).toBe('of it')
  expect([alerts, errors]).toEqual([[], []])
})

describe('an exported wiki', () => {
  test('[WK5] boots without this server, and its next save is again a whole wiki', async () => {
    const wiki = await createWiki(server)
    const tab = await openWiki(wiki)
    await writeTiddler(tab.page, 'Kept', 'for ever')
    const { page, errors } = await openTab()
    await page.goto(await serveAlone(await exportOf(wiki)))
    await booted(page)
    expect(await textOf(page, 'Kept')).toBe('for ever')
    expect([await hasTiddler(page, SAVE_TEMPLATE_TITLE), await hasTiddler(page, PLUGIN_TITLE)]).toEqual([false, false])

    await editTiddler(page, 'Later', 'on a disk')
    const file = join(makeTemporaryFolder(), 'saved.html')
    await (await saveAsFile(page)).saveAs(file)
    await page.goto(`file://${file}`)
    await booted(page)
    expect([await textOf(page, 'Kept'), await textOf(page, 'Later')]).toEqual(['for ever', 'on a disk'])
    expect(errors).toEqual([])
  })

  test('[WK5] may be encrypted: with its password it boots, and its next save is whole', async () => {
    const wiki = await createWiki(server)
    const tab = await openWiki(wiki)
    await writeTiddler(tab.page, 'Secret', 'hush')
    expect((await encrypt(tab.page, 'pass')).status()).toBe(204)
    const html = await exportOf(wiki)
    expect(html).not.toContain('hush')
    const { page } = await openTab()
    await page.goto(await serveAlone(html))
    await enterPassword(page, 'pass')
    await booted(page)
    expect(await textOf(page, 'Secret')).toBe('hush')

    await editTiddler(page, 'Later', 'on a disk')
    const file = join(makeTemporaryFolder(), 'saved.html')
    await (await saveAsFile(page)).saveAs(file)
    await page.goto(`file://${file}`)
    await enterPassword(page, 'pass')
    await booted(page)
    expect([await textOf(page, 'Secret'), await textOf(page, 'Later')]).toEqual(['hush', 'on a disk'])
  })
})

async function exportOf(wiki: CreatedWiki): Promise<string> {
  const response = await fetch(`${server.url}/wikis/${wiki.id}/export`, {
    headers: { authorization: `Bearer ${wiki.token}` },
  })
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${wiki.id}.html"`)
  return response.text()
}

/** A web server that has this one file and nothing else. */
async function serveAlone(html: string): Promise<string> {
  const alone = createServer((request, response) => {
    if (request.url === '/wiki.html' && request.method === 'GET')
      response.setHeader('content-type', 'text/html').end(html)
    else response.writeHead(404).end()
  })
  alone.listen(0, '127.0.0.1')
  onTestFinished(() => {
    alone.closeAllConnections()
    alone.close()
  })
  await once(alone, 'listening')
  return `http://127.0.0.1:${(alone.address() as AddressInfo).port}/wiki.html`
}

function makeTemporaryFolder(): string {
  const folder = makeTestDirectory()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
