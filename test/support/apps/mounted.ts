// An application in a Worker that its builder configures by himself: the binding says nothing of the engine, and of its cells some ask
// for more than workerd has.

import { ResourceObject, createApp, defineResourceType, type App } from 'biplane'

class Page extends ResourceObject {
  protected override onRequest(): Response {
    return new Response('page')
  }
}

class Vault extends Page {}

const app: App = createApp({
  types: [
    defineResourceType({ name: 'page', object: Page }),
    defineResourceType({ name: 'vault', object: Vault, requires: ['jurisdiction'] }),
  ],
})

const CELLS = {
  local: {},
  near: { hint: 'weur' },
  law: { jurisdiction: 'eu' },
  far: { jurisdiction: 'eu', engine: 'cloudflare', address: 'http://127.0.0.1:9' },
}

type Env = Readonly<Record<string, unknown>>

/** As a builder's own configuration has it. The edge's says nothing of the engine, that of the objects promises too much. */
function toOwn(env: Env, engine?: string): Env {
  const { engine: _, ...config } = env['BIPLANE_CONFIG'] as { readonly engine: string }
  return { ...env, BIPLANE_CONFIG: { ...config, ...(engine && { engine }), cell: 'local', cells: CELLS } }
}

/** One for each environment, as the engine has it. */
const known = new WeakMap<Env, Env>()

function own(env: Env, engine?: string): Env {
  const made = known.get(env) ?? toOwn(env, engine)
  known.set(env, made)
  return made
}

/** `POST /by-code?cell=CODE` creates a page there by the builder's own code, past the routes. */
const fetch: App['fetch'] = async (request, env, ctx) => {
  const { pathname, searchParams } = new URL(request.url)
  if (pathname !== '/by-code') return app.fetch(request, own(env as Env), ctx)
  const control = app.control(own(env as Env), ctx, { account: 'builder', role: 'member' })
  const created = control('page', 'create', { cell: searchParams.get('cell') ?? '' })
  return created.then(
    ({ record }) => Response.json({ cell: record.cell }),
    ({ code, message }: { readonly code: string; readonly message: string }) => Response.json({ code, message }),
  )
}

const mounted: App = {
  ...app,
  // What the server would check at its start, nobody has checked for a Worker of a builder's own.
  manifest: { ...app.manifest, types: app.manifest.types.map((type) => ({ ...type, requires: [] })) },
  fetch,
  exports: Object.fromEntries(
    Object.entries(app.exports).map(([name, Class]) => [
      name,
      class extends Class {
        constructor(ctx: never, env: never) {
          super(ctx, own(env, 'cloudflare') as never)
        }
      },
    ]),
  ),
}

export default mounted
