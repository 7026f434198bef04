// After each test file: no server, no process, no directory of ours is left.

import { readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { afterAll, expect } from 'vitest'
import { running } from './server.ts'

afterAll(async () => {
  for (const server of running) await server.dispose()
  const prefix = `biplane-test-${process.pid}-`
  expect(processesWith(prefix), 'processes that a test left running').toEqual([])
  const directories = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix))
  expect(directories, 'directories that a test left behind').toEqual([])
})

/** Command lines that contain `text`; Linux only, elsewhere none. */
function processesWith(text: string): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return commandLine.includes(text) ? [`${pid} ${basename(commandLine)}`] : []
      } catch {
        return []
      }
    })
}
