// Fills a catalog with many rows while no server runs: a Worker that opens the control plane object's own database in the same engine,
// and writes through the control plane's own modules, real identifiers included. The objects of the rows are not created (listing
// never touches them), which is what would take most of the time.

import { DurableObject } from 'cloudflare:workers'
import { findRow, insertRow } from '../../src/control-plane/catalog.ts'
import { nextCreateTime, nextIncarnation } from '../../src/control-plane/meta.ts'
import { takeOne } from '../../src/control-plane/quota.ts'
import { openSchema } from '../../src/control-plane/schema.ts'
import { controlObjectName } from '../../src/identity/object-name.ts'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import type { SeedAnswer, SeedRequest } from './request.ts'

/** Rows per transaction: a commit each would be an fsync each. */
const BATCH = 1_000

export class Control extends DurableObject {
  /** The model's work item may be due: its server looks again when it opens the catalog. */
  override async alarm(): Promise<void> {}

  async seed({ type, like, count, keys }: SeedRequest): Promise<SeedAnswer> {
    const { storage } = this.ctx
    openSchema(storage)
    const model = findRow(storage.sql, like)
    if (model === undefined) throw new Error(`no row ${like} in this catalog`)
    const keyring = createKeyring(keys)
    let last = model.createTimeMs
    for (let done = 0; done < count; done += BATCH) {
      const ids = await Promise.all(
        Array.from({ length: Math.min(BATCH, count - done) }, () => mintResourceId(keyring, type, model.cell)),
      )
      storage.transactionSync(() => {
        for (const { id } of ids) {
          const incarnation = nextIncarnation(storage.sql)
          last = nextCreateTime(storage.sql, Date.now())
          takeOne(storage.sql, model.account, undefined)
          const descriptor = { ...model.descriptor, id, incarnation }
          insertRow(storage.sql, { ...model, id, incarnation, descriptor, createTimeMs: last, updateTimeMs: last })
        }
      })
    }
    return { firstTimeMs: model.createTimeMs, lastTimeMs: last }
  }
}

interface Env {
  readonly CONTROL: DurableObjectNamespace<Control>
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const seed = await request.json<SeedRequest>()
    return Response.json(await env.CONTROL.getByName(controlObjectName(seed.type)).seed(seed))
  },
}
