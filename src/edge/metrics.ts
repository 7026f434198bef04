// `/metrics` for the operator, in Prometheus' text format: what this isolate has measured, and what the control plane objects say about
// themselves. Labels are few and bounded: planes, types, status classes; never an account or a resource.

import { controlObjectName } from '../identity/object-name.ts'
import { shardsOf } from '../identity/shard.ts'
import { withDeadline } from '../object/deadline.ts'
import { MAX_CALLS, fewAtOnce } from '../object/few-at-once.ts'
import type { ResourceType } from '../resource-type.ts'
import { PLANES_VERSION, type ControlCall, type ShardMetrics } from '../wire/planes.ts'
import { typesOf, type EdgeContext } from './deployment.ts'
import { policyOf } from './to-control-plane.ts'

/** Seconds. From a read in memory to the time that a creation may take. */
const BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** A metrics page is asked for every few seconds: a shard that hangs must not hold it up. */
const SHARD_DEADLINE_MS = 2_000
/** Shards whose figures are asked for, of each type: of more, a part would say as much as all. */
const MAX_SHARDS = 64

interface Series {
  readonly counts: number[]
  sumSeconds: number
  total: number
}

/** Of this isolate, since it began. */
export class RequestMetrics {
  readonly #series: Map<string, Series> = new Map()

  /** @param plane `control`, `data` or `other` @param type name of a resource type, or '' */
  record(plane: string, type: string, status: number, durationMs: number): void {
    const key = `plane="${plane}",type="${type}",status="${Math.floor(status / 100)}xx"`
    let series = this.#series.get(key)
    if (series === undefined) {
      series = { counts: BUCKETS.map(() => 0), sumSeconds: 0, total: 0 }
      this.#series.set(key, series)
    }
    const seconds = durationMs / 1000
    const bucket = BUCKETS.findIndex((most) => seconds <= most)
    if (bucket !== -1) series.counts[bucket] = (series.counts[bucket] ?? 0) + 1
    series.sumSeconds += seconds
    series.total++
  }

  *lines(): Generator<string> {
    yield '# HELP biplane_request_duration_seconds Requests that this edge isolate has answered.'
    yield '# TYPE biplane_request_duration_seconds histogram'
    for (const [labels, { counts, sumSeconds, total }] of this.#series) {
      let below = 0
      for (const [index, most] of BUCKETS.entries()) {
        below += counts[index] ?? 0
        yield `biplane_request_duration_seconds_bucket{${labels},le="${most}"} ${below}`
      }
      yield `biplane_request_duration_seconds_bucket{${labels},le="+Inf"} ${total}`
      yield `biplane_request_duration_seconds_sum{${labels}} ${sumSeconds}`
      yield `biplane_request_duration_seconds_count{${labels}} ${total}`
    }
  }
}

/** The page. The caller was found to be the operator. */
export async function serveMetrics(
  metrics: RequestMetrics,
  context: EdgeContext,
  requestId: string,
): Promise<Response> {
  const shards = await askShards(context, requestId)
  const body = `${[...metrics.lines(), ...shardLines(shards)].join('\n')}\n`
  return new Response(body, { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } })
}

interface ShardAnswer {
  readonly type: string
  readonly shard: string
  /** undefined: it did not answer. */
  readonly figures: ShardMetrics | undefined
}

async function askShards(context: EdgeContext, requestId: string): Promise<ShardAnswer[]> {
  const types = typesOf(context)
  const most = Math.min(MAX_SHARDS, Math.max(1, Math.floor(MAX_CALLS / types.length)))
  const asked = types.flatMap((type) => {
    // One object per account: whose are not known here. The root, at least, is there.
    const shards = shardsOf(policyOf(type).policy, Object.keys(context.cells)) ?? [undefined]
    return shards.slice(0, most).map((shard) => ({ type, shard }))
  })
  const answers = await fewAtOnce(asked, async ({ type, shard }): Promise<ShardAnswer> => {
    const figures = await askShard(context, type, shard, requestId)
    return { type: type.name, shard: shard ?? 'root', figures }
  })
  return answers.toSorted((a, b) => (`${a.type} ${a.shard}` < `${b.type} ${b.shard}` ? -1 : 1))
}

async function askShard(
  context: EdgeContext,
  type: ResourceType,
  shard: string | undefined,
  requestId: string,
): Promise<ShardMetrics | undefined> {
  const call: ControlCall<'metrics'> = {
    v: PLANES_VERSION,
    type: type.name,
    object: controlObjectName(type.name, shard),
    method: 'metrics',
    args: {},
    caller: {
      account: context.defaultAccount,
      role: 'operator',
      limits: {},
      policyEpoch: policyOf(type).epoch,
      requestId,
      actor: 'operator',
    },
  }
  try {
    const outcome = await withDeadline(context.controlPlane.call(call), SHARD_DEADLINE_MS, 'The control plane')
    return outcome.ok ? outcome.value : undefined
  } catch {
    // A control plane that is down is a figure, too.
    return undefined
  }
}

function* shardLines(shards: readonly ShardAnswer[]): Generator<string> {
  yield* gauge('biplane_shard_up', 'Whether a control plane object answers.', shards, ({ figures }) => [
    ['', figures === undefined ? 0 : 1],
  ])
  yield* gauge('biplane_resources', 'Resources, those that can be restored among them.', shards, ({ figures }) =>
    figuresOf(figures, ['listed', 'deleted']).map(([state, value]) => [`,state="${state}"`, value]),
  )
  yield* gauge('biplane_accounts', 'Accounts that have or had resources.', shards, ({ figures }) =>
    figuresOf(figures, ['accounts']).map(([, value]) => ['', value]),
  )
  yield* gauge('biplane_stored_bytes', 'Bytes of all resources, as they last reported.', shards, ({ figures }) =>
    figuresOf(figures, ['bytes']).map(([, value]) => ['', value]),
  )
  yield* gauge('biplane_work_items', 'Work that is not done yet, timers among it.', shards, ({ figures }) =>
    Object.entries(figures?.states ?? {})
      .filter(([name]) => name.startsWith(WORK_PREFIX))
      .map(([name, value]) => [`,kind="${name.slice(WORK_PREFIX.length)}"`, value]),
  )
  yield* gauge('biplane_work_due', 'Work items that are due now.', shards, ({ figures }) =>
    figures === undefined ? [] : [['', figures.workDue]],
  )
  yield* gauge(
    'biplane_oldest_unfinished_seconds',
    'Age of the oldest change that an object does not know of yet.',
    shards,
    ({ figures }) => (figures === undefined ? [] : [['', figures.oldestUnfinishedMs / 1000]]),
  )
  yield* gauge('biplane_control_events', 'Counted since the control plane object woke up.', shards, ({ figures }) =>
    Object.entries(figures?.counters ?? {}).map(([event, value]) => [`,event="${event}"`, value]),
  )
}

/** In a shard's figures, before the kind. */
const WORK_PREFIX = 'work_'

function figuresOf(figures: ShardMetrics | undefined, names: readonly string[]): [string, number][] {
  return Object.entries(figures?.states ?? {}).filter(([name]) => names.includes(name))
}

function* gauge(
  name: string,
  help: string,
  shards: readonly ShardAnswer[],
  valuesOf: (shard: ShardAnswer) => readonly (readonly [labels: string, value: number])[],
): Generator<string> {
  yield `# HELP ${name} ${help}`
  yield `# TYPE ${name} gauge`
  for (const shard of shards) {
    for (const [labels, value] of valuesOf(shard)) {
      yield `${name}{type="${shard.type}",shard="${shard.shard}"${labels}} ${value}`
    }
  }
}
