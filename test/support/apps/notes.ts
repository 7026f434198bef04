// The smallest app that an engine can run: what `createApp` returns, written by hand, so that the engine's tests need no framework.
//
//     GET  /config            the configuration and the names of all bindings
//     GET  /notes/{name}      a counter in a data plane object        POST increments it
//     GET  /control/{name}    the same in a control plane object, through the data process
//     GET  /round/{name}      control plane -> data plane, as a creation does
//     GET  /alarm/{name}      sets a data plane object's alarm, and nothing else
//     GET  /slow?ms=          answers later       GET /ws   an echoing socket      GET /fault/{name}  passes a fault point

import { DurableObject, WorkerEntrypoint, env as workerEnv } from 'cloudflare:workers'
import type { AppManifest } from '../../../src/wire/manifest.ts'

class Counter extends DurableObject {
  async add(by: number): Promise<number> {
    const { sql } = this.ctx.storage
    if (by !== 0) sql.exec('CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, value INTEGER NOT NULL)')
    if (by !== 0)
      sql.exec('INSERT INTO counter VALUES (1, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value', by)
    return readCounter(sql)
  }

  /** Sets an alarm and stores nothing else. */
  async alarmOnly(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + 3_600_000)
  }

  override async alarm(): Promise<void> {}
}

class NoteControl extends Counter {}
class NoteData extends Counter {}

class ControlPlane extends WorkerEntrypoint<TestEnv> {
  async call(call: Call): Promise<unknown> {
    if (call.method === 'round') return this.env.BIPLANE_DATA_PLANE.call({ name: call.name, method: 'add', by: 1 })
    return this.env.NOTE_CONTROL.getByName(call.name).add(call.by)
  }
}

class DataPlane extends WorkerEntrypoint<TestEnv> {
  async call(call: Call): Promise<unknown> {
    return this.env.NOTE_DATA.getByName(call.name).add(call.by)
  }
}

interface Call {
  readonly name: string
  readonly method: 'add' | 'round'
  readonly by: number
}

interface TestEnv {
  readonly BIPLANE_CONFIG: unknown
  readonly BIPLANE_CONTROL_PLANE: { call(call: Call): Promise<unknown> }
  readonly BIPLANE_DATA_PLANE: { call(call: Call): Promise<unknown> }
  readonly NOTE_CONTROL: DurableObjectNamespace<NoteControl>
  readonly NOTE_DATA: DurableObjectNamespace<NoteData>
}

const manifest: AppManifest = {
  version: 1,
  types: [
    {
      name: 'note',
      plural: 'notes',
      shards: { kind: 'single' },
      control: { className: 'NoteControl', binding: 'NOTE_CONTROL' },
      data: { className: 'NoteData', binding: 'NOTE_DATA' },
    },
  ],
}

export default {
  manifest,
  exports: { ControlPlane, DataPlane, NoteControl, NoteData },
  async fetch(request: Request, env: TestEnv): Promise<Response> {
    const url = new URL(request.url)
    const [, what = '', name = ''] = url.pathname.split('/')
    const by = request.method === 'POST' ? 1 : 0
    switch (what) {
      case 'healthz':
        return new Response('ok\n')
      case 'config':
        return Response.json({ bindings: Object.keys(env), config: env.BIPLANE_CONFIG })
      case 'notes':
        return Response.json({ value: await env.NOTE_DATA.getByName(name).add(by) })
      case 'alarm':
        return Response.json({ value: await env.NOTE_DATA.getByName(name).alarmOnly() })
      case 'control':
        return Response.json({ value: await env.BIPLANE_CONTROL_PLANE.call({ name, method: 'add', by }) })
      case 'round':
        return Response.json({ value: await env.BIPLANE_CONTROL_PLANE.call({ name, method: 'round', by }) })
      case 'slow':
        await scheduler.wait(Number(url.searchParams.get('ms')))
        return new Response('done\n')
      case 'ws':
        return echo()
      case 'fault':
        TEST_BUILD: await fault(name)
        return new Response('passed\n')
      default:
        return new Response('not found\n', { status: 404 })
    }
  },
}

async function fault(name: string): Promise<void> {
  const harness = (workerEnv as unknown as { BIPLANE_FAULTS?: Fetcher }).BIPLANE_FAULTS
  await harness?.fetch(`http://harness/${name}`)
}

function echo(): Response {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  server.addEventListener('message', (event) => server.send(event.data))
  return new Response(null, { status: 101, webSocket: client })
}

function readCounter(sql: SqlStorage): number {
  try {
    return Number(sql.exec('SELECT value FROM counter').one()['value'])
  } catch {
    // No table yet: it was only looked at.
    return 0
  }
}
