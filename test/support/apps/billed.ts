// Wikis with a meter of what Cloudflare bills for objects: calls, rows read and written. One for each process.
//
//     GET /billed/        the figures of both processes since the last time

import { createApp, type App } from 'biplane'
import { wiki } from 'biplane/types/wiki'

interface Billed {
  /** Calls to objects: each request or RPC that wakes one. */
  requests: number
  alarms: number
  rowsRead: number
  /** Setting an alarm counts as one. */
  rowsWritten: number
}

const app: App = createApp({ types: [wiki] })

let calls: Omit<Billed, 'rowsRead' | 'rowsWritten'> & { alarmsSet: number } = { requests: 0, alarms: 0, alarmsSet: 0 }
/** A cursor's figures grow while it is read. */
let cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = []

function read(): Billed {
  const { alarmsSet, ...counted } = calls
  const sum = (of: (cursor: (typeof cursors)[number]) => number): number =>
    cursors.reduce((all, one) => all + of(one), 0)
  const billed = {
    ...counted,
    rowsRead: sum(({ rowsRead }) => rowsRead),
    rowsWritten: alarmsSet + sum(({ rowsWritten }) => rowsWritten),
  }
  calls = { requests: 0, alarms: 0, alarmsSet: 0 }
  cursors = []
  return billed
}

type ObjectClass = new (ctx: DurableObjectState, env: never) => object
type Method = (...args: unknown[]) => unknown

/** Counts what is called from outside. */
const CALLED = ['call', 'lifecycle', 'fetch', 'alarm', 'account'] as const
const metered = new WeakSet<object>()

function meter(Real: ObjectClass): ObjectClass {
  return class extends Real {
    constructor(ctx: DurableObjectState, env: never) {
      meterStorage(ctx.storage)
      super(ctx, env)
      for (const name of CALLED) {
        const real = (this as unknown as Record<string, Method | undefined>)[name]
        if (real === undefined || metered.has(real)) continue
        const prototype = Real.prototype as Record<string, Method>
        const counted: Method = function (this: unknown, ...args) {
          calls[name === 'alarm' ? 'alarms' : 'requests']++
          return real.apply(this, args)
        }
        metered.add(counted)
        prototype[name] = counted
      }
    }
  }
}

function meterStorage(storage: DurableObjectStorage): void {
  const [sql, all] = [storage.sql, storage].map((one) => Object.getPrototypeOf(one) as Record<string, Method>)
  if (sql === undefined || all === undefined || metered.has(sql)) return
  metered.add(sql)
  const [exec, setAlarm] = [sql['exec'], all['setAlarm']]
  sql['exec'] = function (this: unknown, ...args) {
    const cursor = exec?.apply(this, args)
    cursors.push(cursor as (typeof cursors)[number])
    return cursor
  }
  all['setAlarm'] = function (this: unknown, ...args) {
    calls.alarmsSet++
    return setAlarm?.apply(this, args)
  }
}

const exports = app.exports as unknown as Record<string, ObjectClass>

class ControlPlane extends (exports['ControlPlane'] as new (ctx: never, env: never) => object) {
  async billed(): Promise<Billed> {
    return read()
  }
}

interface TestEnv {
  readonly BIPLANE_CONTROL_PLANE: ControlPlane
}

const objects = Object.entries(exports).map(([name, Real]) =>
  /(Control|Data)$/.test(name) ? [name, meter(Real)] : [name, Real],
)

export default {
  manifest: app.manifest,
  exports: { ...(Object.fromEntries(objects) as typeof exports), ControlPlane },
  async fetch(request: Request, env: TestEnv, ctx: ExecutionContext): Promise<Response> {
    if (new URL(request.url).pathname !== '/billed/') return app.fetch(request, env, ctx)
    return Response.json({ control: await env.BIPLANE_CONTROL_PLANE.billed(), data: read() })
  },
}
