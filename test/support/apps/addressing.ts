// Ledgers that are addressed in other ways: folios by account and name, vaults too and never without a token, leaves by the platform's own
// identifiers.

import { createApp, defineResourceType, type App } from 'biplane'
import { LEDGER, Ledger } from './ledger.ts'

export class Folio extends Ledger {}
export class Vault extends Ledger {}
export class Leaf extends Ledger {}

const VISIBILITY = ['private', 'public-read', 'public'] as const

const app: App = createApp({
  types: [
    defineResourceType({ ...LEDGER, name: 'folio', object: Folio, naming: 'caller', visibility: VISIBILITY }),
    defineResourceType({ ...LEDGER, name: 'vault', object: Vault, naming: 'caller' }),
    defineResourceType({
      ...LEDGER,
      name: 'leaf',
      plural: 'leaves',
      object: Leaf,
      addressing: 'unique',
      visibility: VISIBILITY,
    }),
  ],
})

export default app
