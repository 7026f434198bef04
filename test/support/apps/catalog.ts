// The cask app with a back door into the catalog: a call `sql` to a control plane object runs on its own tables. For catalogs that no
// client can bring about in a test's time: of an earlier release, or of thousands of rows.

import app from './cask.ts'

interface Call {
  readonly method: string
  readonly args: { readonly text?: string }
}

const Control = (app.exports as Readonly<Record<string, unknown>>)['CaskControl'] as new (
  ctx: DurableObjectState,
  env: unknown,
) => { readonly ctx: DurableObjectState; call(call: Call): Promise<unknown> }

class CaskControl extends Control {
  override async call(call: Call): Promise<unknown> {
    if (call.method !== 'sql') return super.call(call)
    return { ok: true, value: this.ctx.storage.sql.exec(call.args.text ?? '').toArray() }
  }
}

export default { ...app, exports: { ...app.exports, CaskControl } }
