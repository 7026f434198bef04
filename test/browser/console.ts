// The web console in a browser, and what must be true of its page whatever is done in it.

import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { create, json } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'

export interface ConsoleTab {
  readonly page: Page
  /** Errors on the browser's console, and uncaught ones, but for `expected`. */
  readonly problems: string[]
  /** Requests to any other host. */
  readonly foreign: string[]
}

/** A tab of a fresh browser profile that is signed in. */
export async function openConsole(
  browser: Browser,
  server: TestServer,
  path = '/',
  options: BrowserContextOptions = {},
): Promise<ConsoleTab> {
  const tab = await openSignedOut(browser, server, options)
  await tab.page.evaluate(
    async (key) =>
      fetch('/sign-in', { method: 'POST', body: JSON.stringify({ key }), headers: { accept: 'application/json' } }),
    server.operatorKey,
  )
  await tab.page.goto(`${server.url}${path}`)
  // Only the fragment may differ from where the page is: that loads nothing.
  await tab.page.reload()
  await tab.page.getByRole('button', { name: 'Sign out' }).waitFor()
  return tab
}

/** A fresh browser profile on the console's page; the profile ends with the test, which fails on what the page complained about. */
export async function openSignedOut(
  browser: Browser,
  server: TestServer,
  options: BrowserContextOptions = {},
): Promise<ConsoleTab> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    acceptDownloads: true,
    ...options,
  })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const tab: ConsoleTab = { page, problems: [], foreign: [] }
  page.on('console', (message) => {
    // A browser writes every refused request there; what the page made of it is what the tests look at.
    const isRefusal = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !isRefusal) tab.problems.push(message.text())
  })
  page.on('pageerror', (error) => tab.problems.push(error.message))
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol.startsWith('http') && origin !== server.url) tab.foreign.push(request.url())
  })
  onTestFinished(() => {
    expect([tab.problems, tab.foreign]).toEqual([[], []])
  })
  await page.goto(server.url)
  return tab
}

export function seed(server: TestServer, name: string, body: object = {}): Promise<ResourceJson> {
  return create(server, 'wikis', { name, ...body })
}

/** Changes a wiki behind the console's back. */
export async function patch(server: TestServer, id: string, changes: object): Promise<void> {
  const response = await server.fetch(`/v1/wikis/${id}`, json('PATCH', changes))
  expect(response.status).toBe(200)
}

export async function stateOf(server: TestServer, id: string): Promise<ResourceJson> {
  return (await (await server.fetch(`/v1/wikis/${id}`)).json()) as ResourceJson
}

/** The row or card of a wiki in the list. */
export function row(page: Page, name: string): ReturnType<Page['locator']> {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
}

/** Chooses from the three dots of a wiki. */
export async function choose(page: Page, name: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `More for ${name}` }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** Clicks what opens a new tab. */
export async function opened(page: Page, click: () => Promise<void>): Promise<Page> {
  const [tab] = await Promise.all([page.context().waitForEvent('page'), click()])
  return tab
}

/** `expect.poll` with the patience that a busy machine needs. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 20_000 })
}
