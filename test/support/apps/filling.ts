// What imports fill: ledgers, on a shard per account, and sieves, whose content does not come out as it went in.

import { byAccount, createApp, defineResourceType, type App } from 'biplane'
import { LEDGER, Ledger } from './ledger.ts'

class Sieve extends Ledger {
  protected override async load(stream: ReadableStream<Uint8Array>): Promise<void> {
    await super.load(stream)
    await this.write((sql) => sql.exec('DELETE FROM mark'))
  }
}

const app: App = createApp({
  types: [
    defineResourceType({ ...LEDGER, shards: byAccount() }),
    defineResourceType({ ...LEDGER, name: 'sieve', object: Sieve }),
  ],
})

export default app
