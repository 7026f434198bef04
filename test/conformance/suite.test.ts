import { beforeAll, describe, expect, test } from 'vitest'
import { controlPlaneChecks, registerConformance, textProbe, typeChecks } from '../../src/conformance/index.ts'
import { LEDGER_APP } from '../support/apps.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Deleted resources can be restored: without it those checks would be skipped. */
const KEPT = { deleteRetentionMs: 24 * 3_600_000 }

let server: TestServer
beforeAll(async () => {
  server = await startServer({ app: LEDGER_APP, timers: KEPT })
})

describe('[CF3] the control plane', () => {
  registerConformance(controlPlaneChecks, test, () => ({ baseUrl: server.url, key: server.operatorKey, plural: 'ledgers' }))
})

describe('[CF3] ledgers', () => {
  registerConformance(typeChecks, test, () => ({
    baseUrl: server.url,
    key: server.operatorKey,
    plural: 'ledgers',
    probe: textProbe({ write: 'POST entries', read: 'entries', appends: true }),
    restart: () => server.restart(),
    kill: async () => {
      await server.kill9()
      await server.start()
    },
  }))
})
