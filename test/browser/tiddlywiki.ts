// What a person does in a TiddlyWiki, by what that person sees.

import type { Download, Page, Response } from 'playwright-core'

/** The parts of TiddlyWiki's page object that tests look at. */
interface TiddlyWiki {
  readonly wiki: { getTiddlerText(title: string): string | undefined; tiddlerExists(title: string): boolean }
}

/** Waits until the wiki has booted and drawn itself. */
export async function booted(page: Page): Promise<void> {
  await page.locator('.tc-site-title').waitFor()
}

/** Writes a tiddler in the editor and confirms it; TiddlyWiki then saves by itself. @returns the answer to the save */
export async function writeTiddler(page: Page, title: string, text: string): Promise<Response> {
  const [saved] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'PUT'),
    editTiddler(page, title, text),
  ])
  return saved
}

/** The same in a page that has nowhere to save to. */
export async function editTiddler(page: Page, title: string, text: string): Promise<void> {
  // Not by mouse: the notification of the save before covers these buttons for five seconds.
  await page.locator('button:has(.tc-image-new-button)').first().dispatchEvent('click')
  const editor = page.locator('.tc-tiddler-edit-frame')
  await editor.locator('input.tc-edit-texteditor').first().fill(title)
  // In a sandbox without an origin the editor is no frame.
  const isFramed = await page.evaluate(() => self.origin !== 'null' || location.protocol === 'file:')
  const area = isFramed
    ? editor.frameLocator('iframe').locator('textarea')
    : editor.locator('textarea.tc-edit-texteditor')
  await area.fill(text)
  await editor.locator('button:has(.tc-image-done-button)').dispatchEvent('click')
  await page.locator(`[data-tiddler-title="${title}"] .tc-tiddler-body`).waitFor()
  // The editor fades out; the next one is not to be confused with it.
  await editor.waitFor({ state: 'detached' })
}

/** "Save" in a file that was opened from a disk: the browser stores a new file. */
export async function saveAsFile(page: Page): Promise<Download> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('button:has(.tc-image-save-button-dynamic)').dispatchEvent('click'),
  ])
  return download
}

export async function enterPassword(page: Page, password: string): Promise<void> {
  await page.locator('input[type=password]').fill(password)
  await page.locator('input[type=password]').press('Enter')
}

/** Turns encryption on, as its dialogue does, and saves. @returns the answer to the save */
export async function encrypt(page: Page, password: string): Promise<Response> {
  const [saved] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'PUT'),
    page.evaluate((secret) => {
      const { $tw } = globalThis as unknown as { $tw: EncryptingTiddlyWiki }
      $tw.crypto.setPassword(secret)
      const param = $tw.wiki.getTiddlerText('$:/config/SaveWikiButton/Template') ?? ''
      $tw.rootWidget.dispatchEvent({ type: 'tm-save-wiki', param })
    }, password),
  ])
  return saved
}

interface EncryptingTiddlyWiki extends TiddlyWiki {
  readonly crypto: { setPassword(password: string): void }
  readonly rootWidget: { dispatchEvent(event: { type: string; param: string }): void }
}

export function textOf(page: Page, title: string): Promise<string | undefined> {
  return page.evaluate(
    (wanted) => (globalThis as unknown as { $tw: TiddlyWiki }).$tw.wiki.getTiddlerText(wanted),
    title,
  )
}

export function hasTiddler(page: Page, title: string): Promise<boolean> {
  return page.evaluate((wanted) => (globalThis as unknown as { $tw: TiddlyWiki }).$tw.wiki.tiddlerExists(wanted), title)
}
