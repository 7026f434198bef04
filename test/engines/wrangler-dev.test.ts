// The application as it goes to Cloudflare, under wrangler's local runtime: one Worker with both planes, and location hints as cells.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { controlPlaneChecks, registerConformance, textProbe, typeChecks } from '../../src/conformance/index.ts'
import type { TypeConformanceOptions } from '../../src/conformance/index.ts'
import type { CellTable } from '../../src/identity/cell.ts'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { nineSteps } from '../support/nine-steps.ts'
import { WITH_WRANGLER, WRANGLER, startWranglerServer, type WranglerServer } from '../support/wrangler-server.ts'

const HINTS: CellTable = { wnam: { hint: 'wnam' }, london: { hint: 'weur' } }
/** As Cloudflare tells it of a request; this is how wrangler's local runtime is told. */
const FROM_LONDON = {
  'mf-cf-blob': JSON.stringify({ continent: 'EU', country: 'GB', latitude: '51.5', longitude: '-0.1' }),
}
/** A front of the local runtime turns a refusal that comes before the body was read into an error of its own. */
const LOCAL_CHECKS = typeChecks.filter(({ id }) => id !== 'HT3')

// One skipped test instead of a hundred.
if (WRANGLER === undefined) test.skip(`[EN9] under wrangler's local runtime${WITH_WRANGLER}`, () => {})
else {
  describe('wikis', () => {
    let server: WranglerServer
    beforeAll(async () => {
      server = await startWranglerServer({ cells: HINTS })
    })
    afterAll(() => server.stop())

    test.each(Object.keys(HINTS))('[EN9] [CD1] the nine steps, in the cell %s', async (cell) => {
      expect(await nineSteps(server, cell)).toMatchObject({ cell })
    })

    test('[CD1] a creation that names no cell is in the one nearest to its place', async () => {
      expect(await cellOfNew(server, 'wikis', FROM_LONDON)).toBe('london')
      const blob = JSON.stringify({ continent: 'NA', country: 'US', regionCode: 'OR' })
      expect(await cellOfNew(server, 'wikis', { 'mf-cf-blob': blob })).toBe('wnam')
      expect(await cellOfNew(server, 'wikis', { 'mf-cf-blob': '{"country":"T1"}' })).toBe('wnam')
    })

    describe('[CF3] keep the rules of the control plane', () => {
      registerConformance(controlPlaneChecks, test, () => optionsOf(server, 'wikis', PAGES))
    })
    describe('[CF3] keep the rules of types', () => {
      registerConformance(LOCAL_CHECKS, test, () => optionsOf(server, 'wikis', PAGES))
    })
  })

  describe('[CF3] ledgers, a type of a builder, keep the rules of types', () => {
    let server: WranglerServer
    beforeAll(async () => {
      server = await startWranglerServer({ app: LEDGER_APP, cells: HINTS })
    })
    afterAll(() => server.stop())
    // What a restart keeps was shown by wikis, and takes seconds.
    registerConformance(
      LOCAL_CHECKS.filter(({ needs }) => needs === undefined),
      test,
      () => optionsOf(server, 'ledgers', ENTRIES),
    )
  })
}

const PAGES = textProbe({ body: '<!doctype html><p>{text}</p>', contentType: 'text/html' })
const ENTRIES = textProbe({ write: 'POST entries', read: 'entries', appends: true })

/** Its processes are wrangler's: nothing here can kill them. */
function optionsOf(
  server: WranglerServer,
  plural: string,
  probe: TypeConformanceOptions['probe'],
): TypeConformanceOptions {
  return { baseUrl: server.url, key: server.operatorKey, plural, probe, restart: () => server.restart() }
}

async function cellOfNew(
  server: WranglerServer,
  plural: string,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const authorization = `Bearer ${server.operatorKey}`
  const sent = { ...headers, authorization, 'content-type': 'application/json' }
  const made = await fetch(`${server.url}/v1/${plural}`, { method: 'POST', body: '{}', headers: sent })
  return ((await made.json()) as ResourceJson).cell
}
