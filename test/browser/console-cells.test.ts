// Cells in the console: where a resource is, and how it gets elsewhere.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { grant } from '../clients/own-origin.ts'
import { HTML, page as html, wikiApi } from '../clients/wiki-api.ts'
import { CONSOLE_LEDGERS_APP } from '../support/apps.ts'
import { create } from '../support/http.ts'
import { makeTestDirectory, startServer, type TestServer } from '../support/server.ts'
import { check } from './accessibility.ts'
import { launchBrowser } from './browser.ts'
import { choose, eventually, opened, openConsole, row, seed } from './console.ts'

/** Two codes with one address are cells of one process; nobody is at the third. */
const HERE = { address: 'http://127.0.0.1:10' }
const CELLS = { local: HERE, other: HERE, away: { address: 'http://127.0.0.1:9' } }

let server: TestServer
let browser: Browser
const directory = makeTestDirectory()
beforeAll(async () => {
  const cellsFile = join(directory, 'cells.json')
  writeFileSync(cellsFile, JSON.stringify(CELLS))
  const args = ['--cell', 'local', '--cells-file', cellsFile]
  ;[server, browser] = await Promise.all([
    startServer({ app: CONSOLE_LEDGERS_APP, args, faults: true }),
    launchBrowser(),
  ])
})
afterAll(async () => {
  await browser.close()
  rmSync(directory, { recursive: true })
})

test('[CO1] [CO3] [MV1] a wiki is moved by keyboard to a cell of its own processes, and has the same address and content', async () => {
  const two = await startServer({ args: ['--cells', 'c1,c2'] })
  const { id } = await seed(two, 'Traveller', { cell: 'c1' })
  const { token } = await grant(two, id, 'write')
  await wikiApi(() => two).api({ id, token }, 'PUT', '', { body: html('in the luggage'), headers: HTML })
  const { page } = await openConsole(browser, two)
  await eventually(() => row(page, 'Traveller').textContent()).toMatch(/Active.*c1/)
  await page.getByRole('button', { name: 'More for Traveller' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Move to another cell' }).focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Move “Traveller” to another cell' })
  // There is one other only.
  await eventually(() => dialog.getByRole('combobox', { name: 'Cell' }).inputValue()).toBe('c2')
  await dialog.getByRole('button', { name: 'Move' }).focus()
  await page.keyboard.press('Enter')
  await dialog.getByText('“Traveller” is in c2 now, at the same address.').waitFor()
  await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Close')
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await eventually(() => row(page, 'Traveller').textContent()).toMatch(/Active.*c2/)
  const wiki = await opened(page, () => page.getByRole('link', { name: 'Open Traveller in a new tab' }).click())
  await wiki.getByText('in the luggage').waitFor()
  expect(wiki.url()).toBe(`http://${id}.localhost:${two.port}/`)
})

test('[CO1] [CO3] [MV6] a move that takes long is shown wherever its resource is, and is given up or goes on', async () => {
  await create(server, 'ledgers', { name: 'Held' })
  const { page } = await openConsole(browser, server)
  const release = await moveHeld(page)
  const dialog = page.getByRole('dialog')
  await dialog.getByText('It is being copied from local to other.').waitFor()
  expect(await check(page, 'moving', 'light')).toEqual([])
  await page.keyboard.press('Escape')
  await row(page, 'Held').getByText('Moving to other').waitFor()
  const somebody = await openConsole(browser, server)
  await row(somebody.page, 'Held').getByText('Moving to other').waitFor()
  await somebody.page.getByRole('link', { name: 'Held', exact: true }).click()
  await somebody.page.getByRole('button', { name: 'Cancel the move' }).click()
  await eventually(() => row(page, 'Held').textContent()).toMatch(/Active.*local/)
  await eventually(() => row(somebody.page, 'Held').textContent()).toMatch(/Active.*local/)
  release()

  const releaseAgain = await moveHeld(page)
  await dialog.getByText('It is being copied from local to other.').waitFor()
  await page.keyboard.press('Escape')
  releaseAgain()
  await page.getByText('“Held” is in other now.').waitFor()
  await eventually(() => row(page, 'Held').textContent()).toMatch(/Active.*other/)
})

test('[CO1] [CO4] [MV7] why it is not moved is said in the server’s words, before it begins and after', async () => {
  await create(server, 'ledgers', { name: 'Homebody' })
  await create(server, 'stones', { name: 'Menhir' })
  const { page } = await openConsole(browser, server)
  const dialog = page.getByRole('dialog')
  await choose(page, 'Homebody', 'Move to another cell')
  expect(await dialog.getByRole('button', { name: 'Move', exact: true }).isDisabled()).toBe(true)
  await select(page, 'away')
  await dialog.getByRole('button', { name: 'Move', exact: true }).click()
  await dialog
    .getByRole('alert')
    .getByText(/"?away"? .*not answer/)
    .waitFor()
  expect(await check(page, 'not moved', 'light')).toEqual([])
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await eventually(() => row(page, 'Homebody').textContent()).toMatch(/Active.*local/)

  await page.getByRole('tab', { name: 'Stones' }).click()
  await choose(page, 'Menhir', 'Move to another cell')
  await select(page, 'other')
  await dialog.getByRole('button', { name: 'Move', exact: true }).click()
  await dialog.getByRole('alert').getByText('A stone stays where it is.').waitFor()
  await eventually(() => row(page, 'Menhir').textContent()).toMatch(/Active.*local/)
})

test('[CO1] [MV7] what has the platform’s own identifier is not offered another cell', async () => {
  await create(server, 'leaves', { name: 'Leaf' })
  const { page } = await openConsole(browser, server, '/#/leaves')
  await page.getByRole('button', { name: 'More for Leaf' }).click()
  await page.getByRole('menuitem', { name: 'Rename' }).waitFor()
  expect(await page.getByRole('menuitem', { name: 'Move to another cell' }).count()).toBe(0)
})

test('[CO1] a new resource is made in the cell that is chosen, else near who makes it', async () => {
  const { page } = await openConsole(browser, server, '/#/sheets')
  for (const [name, cell] of [
    ['Chosen', 'other'],
    ['Not chosen', undefined],
  ] as const) {
    await page.getByRole('button', { name: 'New sheet' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill(name)
    if (cell !== undefined) await select(page, cell)
    await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click()
    await page.getByText(`“${name}” is ready.`).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await eventually(() => row(page, name).textContent()).toContain(cell ?? 'local')
  }
})

test('[CO1] a deployment of one cell offers no other', async () => {
  const one = await startServer()
  await seed(one, 'Only here')
  const { page } = await openConsole(browser, one)
  await page.getByRole('button', { name: 'More for Only here' }).click()
  await page.getByRole('menuitem', { name: 'Rename' }).waitFor()
  expect(await page.getByRole('menuitem', { name: 'Move to another cell' }).count()).toBe(0)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'New wiki' }).click()
  await page.getByRole('dialog').getByLabel('Name').waitFor()
  expect(await page.getByRole('combobox', { name: 'Cell' }).count()).toBe(0)
})

/** Begins to move Held by the dialog; nothing is copied before the returned function is called. */
async function moveHeld(page: Page): Promise<() => void> {
  const hits = server.faults?.hits('moving.paused') ?? 0
  const release = server.faults?.hold('moving.paused')
  await choose(page, 'Held', 'Move to another cell')
  await select(page, 'other')
  await page.getByRole('dialog').getByRole('button', { name: 'Move', exact: true }).click()
  await server.faultHit('moving.paused', hits + 1)
  return () => release?.()
}

/** Chooses a cell in the dialog that is open. */
async function select(page: Page, cell: string): Promise<void> {
  await page.getByRole('dialog').getByRole('combobox', { name: 'Cell' }).click()
  await page.getByRole('option', { name: cell, exact: true }).click()
}
