// People in a wiki that is stored by tiddlers, in real browsers.

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWiki, grant, type CreatedWiki } from '../clients/own-origin.ts'
import { json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { launchBrowser } from './browser.ts'
import { noticed, openWiki, unnoticed } from './tabs.ts'
import { booted, editTiddler, hasTiddler, textOf, writeTiddler } from './tiddlywiki.ts'

let server: TestServer
let browser: Browser
beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
})
afterAll(() => browser.close())

const make = (on: TestServer = server): Promise<CreatedWiki> =>
  createWiki(on, 'write', { params: { storage: 'tiddlers' } })

interface SyncedTiddlyWiki {
  readonly $tw: {
    readonly syncer: { syncFromServer(): void; processTaskQueue(): void; isDirty(): boolean }
    readonly wiki: { deleteTiddler(title: string): void }
  }
}

/** Looks for what others have saved, as the page does every minute by itself. */
function poll(page: Page): Promise<void> {
  return page.evaluate(() => (globalThis as unknown as SyncedTiddlyWiki).$tw.syncer.syncFromServer())
}

/** Waits until everything that was written here is on the server; TiddlyWiki tries again five seconds after a failure. */
async function synced(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const { syncer } = (globalThis as unknown as SyncedTiddlyWiki).$tw
    if (!syncer.isDirty()) return true
    syncer.processTaskQueue()
    return false
  })
}

/** Waits until a tiddler has this text in the page, which was told to look. */
async function shows(page: Page, title: string, text: string | undefined): Promise<void> {
  await poll(page)
  await expect.poll(() => textOf(page, title), { timeout: 20_000 }).toBe(text)
}

test("[WK11] two people see each other's tiddlers, and neither overwrites the other", async () => {
  const wiki = await make()
  const [left, right] = [await openWiki(browser, wiki), await openWiki(browser, await grant(server, wiki.id, 'write'))]
  // At the same time, different tiddlers.
  await Promise.all([editTiddler(left.page, 'Left/1', 'from the left'), editTiddler(right.page, 'Right 100%', 'right')])
  await Promise.all([synced(left.page), synced(right.page)])
  await shows(left.page, 'Right 100%', 'right')
  await shows(right.page, 'Left/1', 'from the left')
  // The other's tiddler, changed.
  await right.page.evaluate(() => {
    const { $tw } = globalThis as unknown as { $tw: { wiki: { setText(...args: unknown[]): void } } }
    $tw.wiki.setText('Left/1', 'text', undefined, 'and the right')
  })
  await synced(right.page)
  await shows(left.page, 'Left/1', 'and the right')
  await left.page.evaluate(() => (globalThis as unknown as SyncedTiddlyWiki).$tw.wiki.deleteTiddler('Right 100%'))
  await synced(left.page)
  await shows(right.page, 'Right 100%', undefined)
  // Both are where they were after a reload: the server has no more and no less.
  await right.page.reload()
  await booted(right.page)
  expect(await textOf(right.page, 'Left/1')).toBe('and the right')
  expect([await hasTiddler(right.page, 'Right 100%'), await hasTiddler(right.page, "Draft of 'Left/1'")]).toEqual([
    false,
    false,
  ])
  expect([left.alerts, left.errors, left.downloads, right.alerts, right.errors]).toEqual([[], [], [], [], []])
})

test('[WK11] what was written while the server was away is saved when it is back, after kill -9, too', async () => {
  const own = await startServer()
  const wiki = await make(own)
  const { page, downloads } = await openWiki(browser, wiki)
  await editTiddler(page, 'Before', 'saved')
  await synced(page)
  await own.kill9()
  await editTiddler(page, 'Meanwhile', 'kept')
  await noticed(page, /^Not saved yet\. The server cannot be reached\./)
  await own.start()
  await synced(page)
  await unnoticed(page)
  await page.context().setOffline(true)
  await editTiddler(page, 'Offline', 'kept, too')
  await noticed(page, /^Not saved yet\./)
  await page.context().setOffline(false)
  await synced(page)
  await page.reload()
  await booted(page)
  const texts = ['Before', 'Meanwhile', 'Offline'].map((title) => textOf(page, title))
  expect([await Promise.all(texts), downloads]).toEqual([['saved', 'kept', 'kept, too'], []])
})

test('[WK11, WK7] a reader is told so, and is offered nothing that cannot work', async () => {
  const wiki = await make()
  const { page, errors } = await openWiki(browser, await grant(server, wiki.id, 'read'))
  const changes: string[] = []
  page.on('request', (request) => {
    if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method())) changes.push(request.url())
  })
  await noticed(page, /^You can read this wiki, not change it\./)
  const NEW = page.locator('button:has(.tc-image-new-button)').first()
  expect(await NEW.isVisible()).toBe(false)
  await page.keyboard.press('Alt+n')
  await NEW.dispatchEvent('click')
  expect(await page.locator('.tc-tiddler-edit-frame').count()).toBe(0)
  await poll(page)
  expect([changes, errors]).toEqual([[], []])
})

test('[WK11] somebody in a wiki that is suspended, or deleted, is told, and loses nothing when it comes back', async () => {
  const wiki = await make()
  const { page, downloads } = await openWiki(browser, wiki)
  const patch = (body: object): Promise<Response> => server.fetch(`/v1/wikis/${wiki.id}`, json('PATCH', body))
  expect((await patch({ mode: 'suspended' })).status).toBe(200)
  await editTiddler(page, 'Late', 'not lost')
  await noticed(page, /^Not saved yet\. This resource is suspended\./)
  expect((await patch({ mode: 'active' })).status).toBe(200)
  await synced(page)
  await unnoticed(page)
  expect((await server.fetch(`/v1/wikis/${wiki.id}`, { method: 'DELETE' })).status).toBe(200)
  await editTiddler(page, 'Too late', 'still in the tab')
  await noticed(page, /^Not saved yet\. This resource was deleted\./)
  expect([await textOf(page, 'Late'), await textOf(page, 'Too late'), downloads]).toEqual([
    'not lost',
    'still in the tab',
    [],
  ])
})

test('[WK12] a tab that is open while its wiki is converted is told, and goes on after a reload', async () => {
  const wiki = await createWiki(server)
  const { page, errors, downloads } = await openWiki(browser, wiki)
  const convert = (storage: string): Promise<Response> =>
    fetch(`${server.url}/wikis/${wiki.id}/convert`, {
      ...json('POST', { storage }, { authorization: `Bearer ${wiki.token}` }),
    })
  expect((await writeTiddler(page, 'As a file', 'one')).status()).toBe(204)
  expect((await convert('tiddlers')).status).toBe(200)
  expect((await writeTiddler(page, 'Refused', 'kept in the tab')).status()).toBe(403)
  await noticed(page, /This wiki is stored by tiddlers/)
  await page.reload()
  await booted(page)
  expect([await textOf(page, 'As a file'), await hasTiddler(page, 'Refused')]).toEqual(['one', false])
  await editTiddler(page, 'By tiddlers', 'two')
  await synced(page)

  expect((await convert('file')).status).toBe(200)
  await editTiddler(page, 'Refused', 'kept in the tab')
  await noticed(page, /^Not saved yet\. This wiki is stored as a file/)
  await page.reload()
  await booted(page)
  expect((await writeTiddler(page, 'A file again', 'three')).status()).toBe(204)
  await page.reload()
  await booted(page)
  const texts = ['As a file', 'By tiddlers', 'A file again', 'Refused'].map((title) => textOf(page, title))
  expect([await Promise.all(texts), errors, downloads]).toEqual([['one', 'two', 'three', undefined], [], []])
})
