// The next release of the ledger app: one more migration, and another proposal for the shards of sheets.

import { byAccount, createApp, defineResourceType, type App, type Migration } from 'biplane'
import { LEDGER, Ledger, MIGRATIONS, SHEET } from './ledger.ts'

class NextLedger extends Ledger {
  protected override readonly migrations: readonly Migration[] = [
    ...MIGRATIONS,
    (sql) => {
      sql.exec("ALTER TABLE entry ADD COLUMN note TEXT NOT NULL DEFAULT 'none'")
      sql.exec("UPDATE entry SET text = text || ' (migrated)'")
    },
  ]
}

const app: App = createApp({
  types: [defineResourceType({ ...LEDGER, object: NextLedger }), defineResourceType({ ...SHEET, shards: byAccount() })],
})

export default app
