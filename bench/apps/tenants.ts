// The same resource type three times, each with another way of spreading accounts over control plane objects. Whoever says
// `x-account: acme` is acme.
//
//     ones: single()     spreads: hashed(4)     owns: byAccount()

import { byAccount, createApp, defineResourceType, hashed, single, type App } from 'biplane'
import { Value } from './value.ts'

class One extends Value {}
class Spread extends Value {}
class Own extends Value {}

const app: App = createApp({
  types: [
    defineResourceType({ name: 'one', object: One, shards: single() }),
    defineResourceType({ name: 'spread', object: Spread, shards: hashed(4) }),
    defineResourceType({ name: 'own', object: Own, shards: byAccount() }),
  ],
  authenticate(request) {
    const account = request.headers.get('x-account')
    return account === null ? undefined : { account, role: 'admin', limits: {} }
  },
})
export default app
