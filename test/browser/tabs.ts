// Tabs as a person has them, and what their pages say.

import type { Browser, Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import type { CreatedWiki } from '../clients/own-origin.ts'
import { booted } from './tiddlywiki.ts'

export interface Tab {
  readonly page: Page
  /** What the page showed in alerts. */
  readonly alerts: string[]
  /** Uncaught errors of its scripts. */
  readonly errors: string[]
  /** Names of the files that it gave to the browser, asked or not. */
  readonly downloads: string[]
}

/** A tab of a fresh browser profile. Dialogues are accepted: TiddlyWiki asks before a changed page is left. */
export async function newTab(browser: Browser): Promise<Tab> {
  const context = await browser.newContext({ acceptDownloads: true })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const tab: Tab = { page, alerts: [], errors: [], downloads: [] }
  page.on('dialog', (dialog) => {
    if (dialog.type() === 'alert') tab.alerts.push(dialog.message())
    void dialog.accept()
  })
  page.on('pageerror', (error) => tab.errors.push(error.message))
  page.on('download', (download) => tab.downloads.push(download.suggestedFilename()))
  return tab
}

export async function openWiki(browser: Browser, wiki: Pick<CreatedWiki, 'url'>): Promise<Tab> {
  const tab = await newTab(browser)
  await tab.page.goto(wiki.url)
  await booted(tab.page)
  return tab
}

/** Waits until the bar of the hosting plugin says this. */
export async function noticed(page: Page, text: RegExp): Promise<void> {
  await page.locator('.biplane-notice').filter({ hasText: text, visible: true }).waitFor()
}

/** Waits until there is no bar. */
export async function unnoticed(page: Page): Promise<void> {
  await page.locator('.biplane-notice').waitFor({ state: 'detached' })
}
