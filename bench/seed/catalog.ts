// Fills a catalog with many rows while no server runs: a Worker that opens the control plane object's own database in the same engine,
// and copies one row that the control plane wrote, real identifiers included. The objects of the rows are not created (listing never
// touches them), which is what would take most of the time.

import { DurableObject } from 'cloudflare:workers'
import { findRow } from '../../src/control-plane/catalog.ts'
import { raiseCounters, readCounters } from '../../src/control-plane/meta.ts'
import { takeOne } from '../../src/control-plane/accounts/quota.ts'
import { COLUMNS } from '../../src/control-plane/row.ts'
import { openSchema } from '../../src/control-plane/schema.ts'
import { controlObjectName } from '../../src/identity/object-name.ts'
import { createKeyring } from '../../src/identity/keyring.ts'
import { mintResourceId } from '../../src/identity/resource-id.ts'
import type { SeedAnswer, SeedRequest } from './request.ts'

/** Rows per statement and transaction: a commit each would be an fsync each, a statement each most of the time. */
const BATCH = 5_000

/** What a copy has of its own: `first` is the position of the batch's first row in the whole list, `j.key` that in the batch. */
const OWN: Partial<Record<(typeof COLUMNS)[number], string>> = {
  id: 'j.value',
  incarnation: 'b.incarnation + j.key',
  descriptor: "json_set(m.descriptor, '$.id', j.value, '$.incarnation', b.incarnation + j.key)",
  create_time: 'b.create_time + j.key',
  update_time: 'b.create_time + j.key',
  // In the middle of each thousand, so that no page begins or ends there.
  labels: `CASE WHEN (b.first + j.key) % 1000 = 500 THEN '{"half":"yes","rare":"yes"}' WHEN (b.first + j.key) % 2 = 0 THEN '{"half":"yes"}' ELSE '{}' END`,
}

const COPY = `
  WITH b AS (SELECT CAST(? AS INTEGER) AS first, CAST(? AS INTEGER) AS incarnation, CAST(? AS INTEGER) AS create_time)
  INSERT INTO resource (${COLUMNS.join(', ')})
  SELECT ${COLUMNS.map((column) => OWN[column] ?? `m.${column}`).join(', ')}
  FROM b CROSS JOIN resource AS m CROSS JOIN json_each(?) AS j WHERE m.id = ?`

const INDEX_LABELS = `
  INSERT INTO label (account, key, value, create_time, resource)
  SELECT r.account, j.key, j.value, r.create_time, r.id FROM resource AS r, json_each(r.labels) AS j
  WHERE r.listed = 1 AND r.account = ? AND r.create_time >= ?`

export class Control extends DurableObject {
  /** The model's work item may be due: its server looks again when it opens the catalog. */
  override async alarm(): Promise<void> {}

  async seed({ type, like, count, keys }: SeedRequest): Promise<SeedAnswer> {
    const { storage } = this.ctx
    const { sql } = storage
    openSchema(storage)
    const model = findRow(sql, like)
    if (model === undefined) throw new Error(`no row ${like} in this catalog`)
    const keyring = createKeyring(keys)
    for (let done = 0; done < count; done += BATCH) {
      const minted = await Promise.all(
        Array.from({ length: Math.min(BATCH, count - done) }, () => mintResourceId(keyring, type, model.cell)),
      )
      storage.transactionSync(() => {
        const { incarnation, createTime } = readCounters(sql, Date.now())
        const ids = JSON.stringify(minted.map(({ id }) => id))
        sql.exec(COPY, done, incarnation + 1, createTime + 1, ids, like)
        sql.exec(INDEX_LABELS, model.account, createTime + 1)
        takeOne(sql, model.account, undefined, minted.length)
        const next = { incarnation: incarnation + minted.length, createTime: createTime + minted.length, clockMs: 0 }
        raiseCounters(sql, next)
      })
    }
    return { firstTimeMs: model.createTimeMs, lastTimeMs: readCounters(sql, Date.now()).createTime }
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
