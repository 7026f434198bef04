// What is on disk: a file for each object that is or was, in every cell, and content only where its resource is.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestServer } from '../support/server.ts'
import { CELLS, type Cell } from './cells.ts'
import type { Client } from './client.ts'
import { placesOf } from './model.ts'
import { agree, require } from './violation.ts'

/** As `write` of an intent makes it. */
const WRITTEN = /c\d+ wrote operation \d+/g

/**
 * Every object's file is that of a row and a cell where it is or was, or of a creation that its type refused.
 *
 * @param isSwept whether the server was started again, which removes files of the latter
 */
export function checkFiles(server: TestServer, clients: readonly Client[], refused: number, isSwept: boolean): void {
  const rows = clients.reduce((sum, { model }) => sum + model.resources.flatMap(placesOf).length, 0)
  const files = CELLS.flatMap((cell) => filesOf(server, cell, OBJECT)).length
  if (!isSwept) return agree('RC6', 'files of the data plane', files, rows + refused)
  require('RC6', `${files} files of ${rows} rows and ${refused} that were refused`, files >= rows &&
    files <= rows + refused)
}

/** What was written is in the files of the resource's own cell alone, their logs included, and what was purged nowhere. */
export function checkContentOnDisk(server: TestServer, clients: readonly Client[]): void {
  const owners = new Map(
    clients.flatMap(({ model }) => model.resources.flatMap((one) => one.written.map((text) => [text, one] as const))),
  )
  const found = new Set<string>()
  for (const cell of CELLS) {
    for (const file of filesOf(server, cell, WITH_CONTENT)) {
      for (const [text] of readFileSync(file, 'latin1').matchAll(WRITTEN)) {
        const one = owners.get(text)
        const where = one?.life === 'purged' ? 'nowhere' : one?.cell
        agree('MV8', `the cell that has "${text}" of ${one?.id} (${one?.life}) in ${file}`, cell, where)
        found.add(text)
      }
    }
  }
  const missing = [...owners].filter(
    ([text, { life, content }]) => life === 'live' && isText(content, text) && !found.has(text),
  )
  agree(
    'MV1',
    'content of live ones that is in no file',
    missing.map(([text]) => text),
    [],
  )
}

/** But for what makes it large. */
function isText(content: string, text: string): boolean {
  return content.replace(/\.+$/, '') === text
}

const OBJECT = /[0-9a-f]{64}\.sqlite$/
const WITH_CONTENT = /[0-9a-f]{64}\.sqlite(-wal)?$/

function filesOf({ dataDir }: TestServer, cell: Cell, names: RegExp): string[] {
  const folder = join(dataDir, 'cells', cell, 'data')
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => names.test(name))
    .map((name) => join(folder, name))
}
