// What a person is told about saving, in a real browser: a reader, a page that lost its way to save, a session or a wiki that ended
// while its tab was open. Nothing is ever downloaded without being asked for, and nothing that was written goes away.

import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWiki, grant, type CreatedWiki } from '../clients/own-origin.ts'
import { json } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { launchBrowser } from './browser.ts'
import { newTab, noticed, openWiki as openWikiIn, unnoticed, type Tab } from './tabs.ts'
import { booted, editTiddler, textOf, writeTiddler } from './tiddlywiki.ts'

let server: TestServer
let browser: Browser
beforeAll(async () => {
  ;[server, browser] = await Promise.all([startServer(), launchBrowser()])
})
afterAll(async () => {
  await browser.close()
})

const openWiki = (wiki: Pick<CreatedWiki, 'url'>): Promise<Tab> => openWikiIn(browser, wiki)

const SAVE_BUTTON = 'button:has(.tc-image-save-button-dynamic)'
const NEW_BUTTON = 'button:has(.tc-image-new-button)'

/** "Save", as the button does it. */
function save(page: Page): Promise<void> {
  return page.locator(SAVE_BUTTON).first().dispatchEvent('click')
}

async function change(id: string, body: object): Promise<void> {
  const answer = await server.fetch(`/v1/wikis/${id}`, json('PATCH', body))
  expect(answer.status).toBe(200)
}

function isDirty(page: Page): Promise<boolean> {
  return page.evaluate(() => document.body.classList.contains('tc-dirty'))
}

describe('a reader', () => {
  test('[WK7] is told so, and is offered nothing that cannot work', async () => {
    const wiki = await createWiki(server)
    const { page, alerts, errors, downloads } = await openWiki(await grant(server, wiki.id, 'read'))
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.method()))
    await noticed(page, /^You can read this wiki, not change it\./)
    expect(await page.locator(SAVE_BUTTON).first().isVisible()).toBe(false)
    expect(await page.locator(NEW_BUTTON).first().isVisible()).toBe(false)
    expect(await isDirty(page)).toBe(false)
    // What a shortcut does, and what is left when somebody makes the buttons visible again.
    await page.keyboard.press('Alt+n')
    await page.locator(NEW_BUTTON).first().dispatchEvent('click')
    await save(page)
    await page.getByRole('button', { name: 'Hide', exact: true }).click()
    await page.locator('.biplane-notice').waitFor({ state: 'hidden' })
    await save(page)
    await noticed(page, /^You can read/)
    expect(await page.locator('.tc-tiddler-edit-frame').count()).toBe(0)
    expect(requests.filter((method) => method !== 'OPTIONS')).toEqual([])
    expect([alerts, errors, downloads]).toEqual([[], [], []])
  })

  test('[WK7] of a wiki that is open to everybody, or read-only for the moment, too', async () => {
    const wiki = await createWiki(server)
    await change(wiki.id, { visibility: 'public-read' })
    const stranger = await newTab(browser)
    await stranger.page.goto(`http://${wiki.id}.localhost:${server.port}/`)
    await noticed(stranger.page, /^You can read/)

    await change(wiki.id, { mode: 'read_only' })
    const { page } = await openWiki(wiki)
    await noticed(page, /^You can read/)
    await change(wiki.id, { mode: 'active' })
    await page.evaluate(() => dispatchEvent(new Event('focus')))
    await unnoticed(page)
    expect((await writeTiddler(page, 'Open', 'again')).status()).toBe(204)
    await page.reload()
    await booted(page)
    expect(await textOf(page, '$:/status/IsReadOnly')).toBeUndefined()
  })
})

describe('a page that lost its way to save', () => {
  test('[WK7] says so from its start, keeps what is written, and saves it when the way is there again', async () => {
    const wiki = await createWiki(server)
    const tab = await newTab(browser)
    const { page } = tab
    const own = `http://${wiki.id}.localhost:${server.port}/`
    await page.route(own, (route) => (route.request().method() === 'OPTIONS' ? route.abort() : route.continue()))
    await page.goto(wiki.url)
    await noticed(page, /^This page cannot save\. The server cannot be reached.*kept in this tab only/)
    await editTiddler(page, 'Offline', 'kept')
    await save(page)
    await noticed(page, /cannot save/)
    expect([tab.alerts, tab.downloads, await isDirty(page)]).toEqual([[], [], true])

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Keep a copy' }).click(),
    ])
    const copy = JSON.parse(readFileSync(await download.path(), 'utf8')) as { title: string; text: string }[]
    expect(copy.find(({ title }) => title === 'Offline')?.text).toBe('kept')

    await page.unroute(own)
    const saved = page.waitForResponse((response) => response.request().method() === 'PUT')
    await page.getByRole('button', { name: 'Try again' }).click()
    expect((await saved).status()).toBe(204)
    await unnoticed(page)
    await page.reload()
    await booted(page)
    expect(await textOf(page, 'Offline')).toBe('kept')
  })

  test('[WK7] because something between them answers without "dav", says so and downloads nothing', async () => {
    const wiki = await createWiki(server)
    const tab = await newTab(browser)
    const own = `http://${wiki.id}.localhost:${server.port}/`
    await tab.page.route(own, (route) =>
      route.request().method() === 'OPTIONS' ? route.fulfill({ status: 204 }) : route.continue(),
    )
    await tab.page.goto(wiki.url)
    await noticed(tab.page, /^This page cannot save\. This address does not accept saves\./)
    await editTiddler(tab.page, 'Written', 'in vain?')
    await save(tab.page)
    expect([tab.alerts, tab.downloads, await isDirty(tab.page)]).toEqual([[], [], true])
  })

  test('[WK2] [WK7] tells of each save that the server does not get, and saves after kill -9 and a restart', async () => {
    const own = await startServer()
    const wiki = await createWiki(own)
    const { page, alerts, downloads } = await openWiki(wiki)
    expect((await writeTiddler(page, 'Before', 'saved')).status()).toBe(204)
    await own.kill9()
    await editTiddler(page, 'Between', 'not yet')
    await noticed(page, /not saved\. The server cannot be reached\. Leave this tab open/)
    await own.start()
    expect((await writeTiddler(page, 'After', 'saved')).status()).toBe(204)
    await unnoticed(page)
    await page.reload()
    await booted(page)
    expect(await Promise.all(['Before', 'Between', 'After'].map((title) => textOf(page, title)))).toEqual([
      'saved',
      'not yet',
      'saved',
    ])
    expect([alerts, downloads]).toEqual([[], []])
  })
})

describe('a tab that is open while', () => {
  test('[WK2] its session, or the wiki itself, ends is told so at each save, keeps everything, and goes on', async () => {
    const wiki = await createWiki(server)
    const { page, alerts, downloads, errors } = await openWiki(wiki)
    const saveAnswer = async (): Promise<number> => {
      const [saved] = await Promise.all([
        page.waitForResponse((response) => response.request().method() === 'PUT'),
        save(page),
      ])
      return saved.status()
    }

    await revoke(wiki.id)
    expect((await writeTiddler(page, 'Mine', 'my words')).status()).toBe(401)
    await noticed(page, /not saved\. .*open the link to the wiki again in another tab/)
    expect(await isDirty(page)).toBe(true)
    // As it says: a new link, opened in another tab.
    const other = await page.context().newPage()
    await other.goto((await grant(server, wiki.id, 'write')).url)
    expect(await saveAnswer()).toBe(204)
    await unnoticed(page)
    expect(await isDirty(page)).toBe(false)

    await change(wiki.id, { mode: 'suspended' })
    expect((await writeTiddler(page, 'More', 'of it')).status()).toBe(403)
    await noticed(page, /not saved\. .*is suspended/)
    await change(wiki.id, { mode: 'active' })
    expect(await saveAnswer()).toBe(204)

    await remove(wiki.id)
    expect((await writeTiddler(page, 'Last', 'words')).status()).toBe(410)
    await noticed(page, /not saved\. .*was deleted/)
    expect(await Promise.all(['Mine', 'Last'].map((title) => textOf(page, title)))).toEqual(['my words', 'words'])
    expect(await page.getByRole('button', { name: 'Keep a copy' }).isVisible()).toBe(true)
    expect([alerts, downloads, errors, await isDirty(page)]).toEqual([[], [], [], true])
  })

  test('[WK2] somebody else saves between its loading and its first question overwrites nothing', async () => {
    const wiki = await createWiki(server)
    const { page } = await newTab(browser)
    const own = `http://${wiki.id}.localhost:${server.port}/`
    // The other save comes after the page was sent, and before TiddlyWiki asks for the tag.
    await page.route(own, async (route) => {
      if (route.request().method() === 'HEAD') {
        await fetch(`${server.url}/wikis/${wiki.id}/`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${wiki.token}`, 'content-type': 'text/html' },
          body: '<p>theirs',
        })
      }
      await route.continue()
    })
    const asked = page.waitForResponse((response) => response.request().method() === 'HEAD')
    await page.goto(wiki.url)
    await asked
    await booted(page)
    expect((await writeTiddler(page, 'Mine', 'later')).status()).toBe(412)
    await noticed(page, /Nothing was overwritten/)
  })
})

test('[WK8] the real UploadSaver saves to the wiki, and what it is told when that is refused is shown', async () => {
  const wiki = await createWiki(server)
  const { page, alerts, errors } = await openWiki(wiki)
  const writeAndUpload = async (title: string): Promise<string> => {
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.request().method() === 'POST'),
      editTiddler(page, title, 'by upload'),
    ])
    return answer.text()
  }
  await page.evaluate((url) => {
    const { $tw } = globalThis as unknown as {
      $tw: { wiki: { addTiddler(fields: object): void }; utils: { savePassword(name: string, password: string): void } }
    }
    $tw.wiki.addTiddler({ title: '$:/UploadURL', text: url })
    $tw.wiki.addTiddler({ title: '$:/UploadName', text: 'me' })
    $tw.utils.savePassword('upload', 'what people type there')
  }, `http://${wiki.id}.localhost:${server.port}/store.php`)
  expect(await writeAndUpload('Up')).toMatch(/^0 - saved as version \d\n$/)
  await page.reload()
  await booted(page)
  expect(await textOf(page, 'Up')).toBe('by upload')

  await change(wiki.id, { mode: 'suspended' })
  expect(await writeAndUpload('Late')).toMatch(/suspended/)
  await expect.poll(() => alerts.join()).toMatch(/is suspended.*Nothing was saved\./s)
  expect([await isDirty(page), errors]).toEqual([true, []])
})

test('[WK4] [WK7] an earlier version in a browser is not mistaken for the wiki as it is now', async () => {
  const wiki = await createWiki(server)
  const { page, alerts } = await openWiki(wiki)
  await writeTiddler(page, 'First', 'one')
  await writeTiddler(page, 'Second', 'two')
  await page.goto(`http://${wiki.id}.localhost:${server.port}/versions/1`)
  await noticed(page, /^This is version 1 of the wiki, not the wiki as it is now/)
  expect([await textOf(page, 'First'), await textOf(page, 'Second')]).toEqual(['one', undefined])
  expect(await page.locator(SAVE_BUTTON).first().isVisible()).toBe(false)
  expect(alerts).toEqual([])
})

async function revoke(id: string): Promise<void> {
  const answer = await server.fetch(`/v1/wikis/${id}/tokens`, { method: 'DELETE' })
  expect(answer.status).toBe(200)
}

async function remove(id: string): Promise<void> {
  const answer = await server.fetch(`/v1/wikis/${id}`, { method: 'DELETE' })
  expect([200, 202]).toContain(answer.status)
}
