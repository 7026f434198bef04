// From an app file to what the engines get: manifest, bundle, configurations.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEFAULT_APP, bundleApp, type AppBundle } from '../../dist/engine/app-bundle.js'
import { COMPATIBILITY_DATE } from '../../dist/engine/compatibility.js'
import { checkOpenFileLimit } from '../../dist/engine/open-file-limit.js'
import { toWorkerdConfig } from '../../dist/engine/workerd-config.js'
import { NOTES_APP } from '../support/server.ts'

const directory = mkdtempSync(join(tmpdir(), `biplane-test-${process.pid}-`))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const appFile = (name: string, source: string): string => {
  const file = join(directory, name)
  writeFileSync(file, source)
  return file
}

/** As in /proc/self/limits. */
const limits = (soft: number): string =>
  `Limit   Soft Limit  Hard Limit  Units\nMax open files            ${soft}   ${soft}   files\n`

describe('bundle', () => {
  let production: AppBundle
  beforeAll(async () => {
    production = await bundleApp(DEFAULT_APP, { faultPoints: false })
  })

  test('[EN8] the ready-made app, built for production, has no fault point and no name of one', async () => {
    const code = [...production.modules.values()].join('\n')
    expect(code).not.toContain('http://harness/')
    expect(code).not.toContain('BIPLANE_FAULT_POINTS')
    const forTests = await bundleApp(DEFAULT_APP, { faultPoints: true })
    expect([...forTests.modules.values()].join('\n')).toContain('http://harness/')
  })

  test('[EN8] the compatibility date is pinned, not before the one at which errors keep their codes', () => {
    expect(COMPATIBILITY_DATE).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(COMPATIBILITY_DATE >= '2026-10-01').toBe(true)
    expect(COMPATIBILITY_DATE).toMatchInlineSnapshot(`"2026-10-01"`)
  })

  test('[EN9] the manifest is what the app declares, and every class is exported by name', async () => {
    expect(production.manifest.types.map((type) => [type.name, type.plural])).toEqual([
      ['wiki', 'wikis'],
      ['account', 'accounts'],
    ])
    expect(production.modules.get('worker.js')).toMatchInlineSnapshot(`
      "import app from './app.js'
      export default { fetch: app.fetch }
      export const { ControlPlane, DataPlane, WikiControl, WikiData, AccountControl, AccountData } = app.exports
      "
    `)
  })

  test('[EN9] data modules lie beside the code, named by their content', () => {
    expect(production.data.size).toBeGreaterThan(0)
    for (const name of production.data.keys()) {
      expect(name).toMatch(/^[a-z0-9.-]+-[0-9a-f]{16}\.bin$/)
      expect(production.modules.get('app.js')).toContain(`./${name}`)
    }
  })

  test('[EN9] what cannot be an app is refused with what, why and how to fix it', async () => {
    const noApp = await bundleApp(appFile('empty.js', 'export default {}'), { faultPoints: false }).catch(String)
    expect(noApp).toContain('exports no app')
    const broken = await bundleApp(appFile('broken.ts', 'export default {'), { faultPoints: false }).catch(String)
    expect(broken).toContain('cannot bundle')
    const throwing = await bundleApp(appFile('throwing.js', 'throw new Error("boom")'), { faultPoints: false }).catch(
      String,
    )
    expect(throwing).toContain('boom')
    const misspelt = appFile(
      'misspelt.ts',
      "import { createApp } from 'biplane'\nexport default createApp({ type: [] })",
    )
    const declared = await bundleApp(misspelt, { faultPoints: false }).catch(String)
    expect(declared).toMatch(/misspelt\.ts declares what cannot be[\s\S]*"type"[\s\S]*Correct it/)
  })
})

describe('configurations', () => {
  test('[EN1] each process is configured with the objects of its own plane and none of the other', async () => {
    const { manifest } = await bundleApp(NOTES_APP, { faultPoints: false })
    const config = toWorkerdConfig({
      plane: 'control',
      manifest,
      modules: ['worker.js', 'app.js'],
      data: ['core-0.bin'],
      hasFront: false,
      objects: '/data/control',
      peers: [],
      peerAddress: 'unix:/run/data.sock',
      uniqueKey: (className) => `key-of-${className}`,
      config: JSON.stringify({ quoted: '"\\' }),
      structuredLogging: false,
    })
    expect(config).toMatchSnapshot()
    expect(config).not.toContain('NoteData')
  })

  test('[EN1] a low limit of open files is said at the start', () => {
    expect(checkOpenFileLimit(limits(1024))?.message).toContain('only 1024 files')
    expect(checkOpenFileLimit(limits(16_384))).toBeUndefined()
    expect(checkOpenFileLimit('')).toBeUndefined()
  })
})
