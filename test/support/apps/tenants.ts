// An application whose builder signs people in by himself, for tests of what belongs to accounts: whoever says `x-account: acme` is acme,
// with the role and limits that he says. Files report their usage at once, and can be told to end by themselves.
//
//     GET, PUT files/{id}/        the last text that was put

import {
  ResourceError,
  ResourceObject,
  byAccount,
  createApp,
  defineResourceType,
  hashed,
  type Migration,
  type ResourceTypeOptions,
} from 'biplane'
import { z } from 'zod'

class File extends ResourceObject {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => sql.exec('CREATE TABLE content (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL)'),
  ]

  protected override onCreate(params: { readonly refuse?: boolean } | undefined): void {
    if (params?.refuse === true) throw new ResourceError('invalid_request', 'This file refuses to be.')
  }

  protected override async onRequest(request: Request): Promise<Response> {
    if (request.method === 'PUT') {
      const text = await request.text()
      await this.write((sql) => sql.exec('REPLACE INTO content (one, text) VALUES (1, ?)', text))
      return new Response(null, { status: 204 })
    }
    const [row] = this.sql.exec<{ text: string }>('SELECT text FROM content').toArray()
    return new Response(row?.text ?? '')
  }
}

class Spread extends File {}
class Own extends File {}
class Passing extends File {}
class Idle extends File {}

const FILE: ResourceTypeOptions = {
  name: 'file',
  object: File,
  params: z.strictObject({ refuse: z.boolean().optional() }).optional(),
  settings: z.strictObject({ color: z.string().max(20).optional() }),
  visibility: ['private', 'public-read', 'public'],
}

export default createApp({
  types: [
    defineResourceType(FILE),
    defineResourceType({ ...FILE, name: 'spread', object: Spread, shards: hashed(4) }),
    defineResourceType({ ...FILE, name: 'own', object: Own, shards: byAccount() }),
    defineResourceType({ ...FILE, name: 'passing', object: Passing, lifetime: { seconds: 2 } }),
    defineResourceType({ ...FILE, name: 'idle', object: Idle, lifetime: { idleSeconds: 2 } }),
  ],
  authenticate(request) {
    const account = request.headers.get('x-account')
    if (account === null) return undefined
    const role = (request.headers.get('x-role') ?? 'admin') as 'admin'
    const limits = JSON.parse(request.headers.get('x-limits') ?? '{}') as object
    return { account, role, limits, actor: `${account}'s ${role}` }
  },
})
