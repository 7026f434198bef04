// What the tests of shards run: crates of accounts that a header names, on two shards; and a side door to each control plane object.
//
//     X-Account, X-Role      whose the request is (default: the operator's)
//     GET, PUT {plural}/{id}/  the text that was put last
//     POST /shard/{object}   a call to that control plane object; of the method `sql`: on its own tables
//
// A list of 13 over all accounts fails in the shard `h1`.

import {
  ResourceObject,
  createApp,
  defineResourceType,
  hashed,
  type App,
  type AppOptions,
  type Migration,
  type ResourceTypeOptions,
} from 'biplane'

export class Crate extends ResourceObject {
  protected override readonly migrations: readonly Migration[] = [(sql) => sql.exec('CREATE TABLE content (text TEXT)')]

  protected override async onRequest(request: Request): Promise<Response> {
    if (request.method === 'PUT') {
      const text = await request.text()
      await this.write((sql) => {
        sql.exec('DELETE FROM content')
        sql.exec('INSERT INTO content VALUES (?)', text)
      })
    }
    return Response.json(this.sql.exec('SELECT text FROM content').toArray())
  }
}

export const CRATE: ResourceTypeOptions = { name: 'crate', object: Crate, shards: hashed(2) }

interface Call {
  readonly type: string
  readonly object: string
  readonly method: string
  readonly args: { readonly text?: string; readonly limit?: number; readonly everyAccount?: object }
}

/** Who comes through the side door. */
const DOOR = { account: '-', role: 'operator', limits: {}, policyEpoch: 1, requestId: 'side-door' } as const

interface TestEnv {
  readonly BIPLANE_CONTROL_PLANE: { call(call: Call & { readonly caller: typeof DOOR }): Promise<unknown> }
}

const BROKEN_LIMIT = 13

const SIGN_IN: Pick<AppOptions, 'authenticate'> = {
  authenticate({ headers }) {
    const role = headers.get('x-role') === 'member' ? 'member' : 'operator'
    return { account: headers.get('x-account') ?? 'operators', role }
  },
}

/** An application of such types, with the sign-in (or, `owned`, with accounts that are resources) and the side door. */
export function createShardsApp(types: readonly ResourceTypeOptions[], { owned = false } = {}): App {
  const app = createApp({ types: types.map(defineResourceType), ...(owned ? {} : SIGN_IN) })
  const Control = app.exports['CrateControl'] as unknown as new (
    ctx: DurableObjectState,
    env: unknown,
  ) => { readonly ctx: DurableObjectState; call(call: Call): Promise<unknown> }

  class CrateControl extends Control {
    override async call(call: Call): Promise<unknown> {
      if (call.method === 'sql') return { ok: true, value: this.ctx.storage.sql.exec(call.args.text ?? '').toArray() }
      if (call.args.everyAccount !== undefined && call.args.limit === BROKEN_LIMIT && call.object.endsWith('-h1'))
        throw new Error('this shard is ill')
      return super.call(call)
    }
  }

  return {
    ...app,
    exports: { ...app.exports, CrateControl },
    async fetch(request, env, ctx) {
      const object = /^\/shard\/([^/]+)$/.exec(new URL(request.url).pathname)?.[1]
      if (object === undefined) return app.fetch(owned ? onBehalf(request) : request, env, ctx)
      const call: Pick<Call, 'method' | 'args'> = await request.json()
      return Response.json(
        await (env as TestEnv).BIPLANE_CONTROL_PLANE.call({ type: 'crate', object, caller: DOOR, ...call }),
      )
    },
  }
}

/** Where accounts are resources, an operator says in the address for whom he asks. */
function onBehalf(request: Request): Request {
  const account = request.headers.get('x-account')
  if (account === null) return request
  const url = new URL(request.url)
  url.searchParams.set('account', account)
  return new Request(url, request)
}

const app: App = createShardsApp([CRATE])

export default app
