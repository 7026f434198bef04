// What the tests of faults run: a small resource type, on one shard, on a shard per account, and with two other addresses, and a side door to both faces
// between the planes. The side door is a test's only: it takes the way that real calls take, over the socket to the other process.
//
//     GET, PUT {plural}/{id}/     the last text that was put, and how often
//     POST /planes/control        a call to the control plane, edge -> control process
//     POST /planes/data           a call to the data plane, edge -> control process -> data process
//     GET  /planes/traffic        every call and answer since the processes started
//     PUT  /planes/playback       from now on the planes answer these, as a peer of another release would

import { WorkerEntrypoint } from 'cloudflare:workers'
import {
  ResourceError,
  ResourceObject,
  byAccount,
  createApp,
  defineResourceType,
  type Migration,
  type RequestContext,
  type ResourceTypeOptions,
} from 'biplane'
import { z } from 'zod'

/** `refuse`: the type's own refusal. `poison`: a failure that nobody foresaw, at every attempt. */
const params = z
  .strictObject({ text: z.string().optional(), refuse: z.boolean().optional(), poison: z.boolean().optional() })
  .optional()

class Cask extends ResourceObject<{ reads: number }> {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => sql.exec('CREATE TABLE draught (number INTEGER PRIMARY KEY, text TEXT NOT NULL)'),
  ]

  protected override onCreate(given: z.infer<typeof params>): void {
    this.sql.exec('INSERT INTO draught (text) VALUES (?)', given?.text ?? 'new')
    if (given?.refuse === true) throw new ResourceError('invalid_request', 'This cask leaks.')
    if (given?.poison === true) throw new Error('the cooper has left')
  }

  protected override async onRequest(request: Request, { descriptor }: RequestContext): Promise<Response> {
    if (request.method === 'PUT') {
      const text = await request.text()
      return Response.json(
        await this.write((sql) => sql.exec('INSERT INTO draught (text) VALUES (?) RETURNING number, text', text).one()),
      )
    }
    const last = this.sql.exec('SELECT number, text FROM draught ORDER BY number DESC LIMIT 1').one()
    return Response.json({ ...last, generation: descriptor.generation })
  }
}

export class Vat extends Cask {}
class Keg extends Cask {}
class Tun extends Cask {}

export const CASK: ResourceTypeOptions = {
  name: 'cask',
  object: Cask,
  params,
  visibility: ['private', 'public-read', 'public'],
}

const app = createApp({
  types: [
    defineResourceType(CASK),
    defineResourceType({ ...CASK, name: 'vat', object: Vat, shards: byAccount() }),
    defineResourceType({ ...CASK, name: 'keg', object: Keg, naming: 'caller' }),
    defineResourceType({ ...CASK, name: 'tun', object: Tun, addressing: 'unique' }),
  ],
})

type Call = { readonly method: string }
type Face = { call(call: Call): Promise<unknown> }
interface Exchange {
  readonly call: Call
  readonly answer: unknown
}

const Real = app.exports as unknown as Record<
  'ControlPlane' | 'DataPlane',
  new (ctx: unknown, env: TestEnv) => WorkerEntrypoint<TestEnv> & Face
>

/** Of this process, since its start. */
const traffic: Exchange[] = []
/** Method -> the answer that a peer of another release gave. */
let playback: Readonly<Record<string, unknown>> = {}

async function recorded(call: Call, real: () => Promise<unknown>): Promise<unknown> {
  const answer = Object.hasOwn(playback, call.method) ? playback[call.method] : await real()
  traffic.push({ call, answer })
  return answer
}

class ControlPlane extends Real.ControlPlane {
  override call(call: Call): Promise<unknown> {
    return recorded(call, () => super.call(call))
  }

  relay(call: Call): Promise<unknown> {
    return this.env.BIPLANE_DATA_PLANE.call(call)
  }

  async traffic(): Promise<Exchange[]> {
    return traffic
  }

  async play(answers: Readonly<Record<string, unknown>>): Promise<void> {
    playback = answers
  }
}

class DataPlane extends Real.DataPlane {
  override call(call: Call): Promise<unknown> {
    return recorded(call, () => super.call(call))
  }
}

interface TestEnv {
  /** In the data process. */
  readonly BIPLANE_CONTROL_PLANE: ControlPlane
  /** In the control process. */
  readonly BIPLANE_DATA_PLANE: Face
}

async function serveSideDoor(request: Request, what: string, env: TestEnv): Promise<Response> {
  const control = env.BIPLANE_CONTROL_PLANE
  switch (`${request.method} ${what}`) {
    case 'POST control':
      return Response.json(await control.call(await request.json()))
    case 'POST data':
      return Response.json(await control.relay(await request.json()))
    case 'GET traffic':
      return Response.json({ control: await control.traffic(), data: traffic })
    case 'PUT playback': {
      const answers: Record<'control' | 'data', Record<string, unknown>> = await request.json()
      await control.play(answers.control)
      playback = answers.data
      return new Response(null, { status: 204 })
    }
    default:
      return new Response('not found\n', { status: 404 })
  }
}

const SIDE_DOOR = '/planes/'

export default {
  manifest: app.manifest,
  exports: { ...app.exports, ControlPlane, DataPlane },
  fetch(request: Request, env: TestEnv, ctx: ExecutionContext): Promise<Response> {
    const { pathname } = new URL(request.url)
    return pathname.startsWith(SIDE_DOOR)
      ? serveSideDoor(request, pathname.slice(SIDE_DOOR.length), env)
      : app.fetch(request, env, ctx)
  },
}
