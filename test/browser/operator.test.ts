// The operator's first minutes with an application that has no console, in a real browser: the printed link, a wiki by a form, and into
// it, without any command.

import { expect, test } from 'vitest'
import { WIKIS_APP } from '../support/apps.ts'
import { startServer } from '../support/server.ts'
import { launchBrowser } from './browser.ts'
import { booted } from './tiddlywiki.ts'

test('[CP2] [AU5] [AU11] the printed link signs in once; the form creates a wiki and leads into it', async () => {
  const server = await startServer({ app: WIKIS_APP })
  const link = server.stdout.join('\n').match(/http\S+sign-in\?code=\S+/)?.[0]
  expect(link).toBeDefined()
  const browser = await launchBrowser()
  try {
    const context = await browser.newContext()
    const page = await context.newPage()
    const problems: string[] = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))

    await page.goto(server.url)
    expect(await page.textContent('main')).toContain('sign-in link')
    await page.goto(link ?? '')
    expect(page.url()).toBe(`${server.url}/`)
    await page.getByLabel('Name').fill('Handbook <b>')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.waitForURL(/^http:\/\/wiki-[a-z0-9-]+\.localhost:\d+\/$/)
    await booted(page)

    await page.goto(server.url)
    await page.getByRole('link', { name: 'Handbook <b>' }).click()
    await page.waitForURL(/\.localhost:\d+\/$/)
    await booted(page)
    expect(problems).toEqual([])

    // Another browser with the used link, and another page that tries to use the session, get nothing.
    const stranger = await (await browser.newContext()).newPage()
    expect((await stranger.goto(link ?? ''))?.status()).toBe(401)
    // The page that says so takes the key instead.
    await stranger.getByLabel('Operator key').fill('wrong')
    await stranger.getByRole('button', { name: 'Sign in' }).click()
    await stranger.getByText('This is not the operator key').waitFor()
    await stranger.getByLabel('Operator key').fill(server.operatorKey)
    await stranger.getByRole('button', { name: 'Sign in' }).click()
    await stranger.getByRole('link', { name: 'Handbook <b>' }).waitFor()
    const forged = await page.evaluate(async (origin) => {
      const answer = await fetch(`${origin}/v1/wikis`, {
        method: 'POST',
        mode: 'no-cors',
        credentials: 'include',
      }).catch(String)
      return typeof answer === 'string' ? answer : answer.type
    }, server.url)
    expect(['opaque', 'TypeError: Failed to fetch']).toContain(forged)
    const list = (await (await server.fetch('/v1/wikis')).json()) as { data: { name: string }[] }
    expect(list.data.map((wiki) => wiki.name)).toEqual(['Handbook <b>'])
  } finally {
    await browser.close()
  }
})
