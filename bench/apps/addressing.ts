// The same small value under each of the three ways to address it.

import { createApp, defineResourceType } from 'biplane'
import { Value } from './value.ts'

const kv = defineResourceType({ name: 'kv', object: class Kv extends Value {} })
const named = defineResourceType({ name: 'named', object: class Named extends Value {}, naming: 'caller' })
const unique = defineResourceType({ name: 'unique', object: class Unique extends Value {}, addressing: 'unique' })

export default createApp({ types: [kv, named, unique] })
