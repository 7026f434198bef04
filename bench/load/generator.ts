// The load generator, a process of its own: its CPU time must not be mistaken for the server's.

import { Connection } from './connection.ts'
import { COUNTER, type LoadResult, type LoadSpec, type Target } from './spec.ts'

/** How often an open loop looks whether a request is due: a twentieth of the gap between two of them. */
const TICKS_PER_GAP = 20

let counter = 0

process.on('message', (spec: LoadSpec) => {
  run(spec).then(
    (result) => process.send?.({ result }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})

/** Requests as text, made once: the header part of each target before and after its counter. */
class Requests {
  readonly #heads: readonly string[]
  readonly #body: Buffer | undefined
  readonly #counterInBody: number
  #next = 0

  constructor(spec: LoadSpec, targets: readonly Target[] = spec.targets) {
    this.#body = spec.body === undefined ? undefined : Buffer.from(spec.body)
    this.#counterInBody = this.#body?.indexOf(COUNTER) ?? -1
    this.#heads = targets.map((target) => toHead(spec, target, this.#body?.length))
  }

  send(connection: Connection, onAnswer: Parameters<Connection['send']>[2]): void {
    const head = this.#heads[this.#next++ % this.#heads.length] ?? ''
    const number = String(counter++).padStart(COUNTER.length, '0')
    if (this.#body !== undefined && this.#counterInBody !== -1) {
      // A copy: the one before may still be waiting in the socket's queue.
      const body = Buffer.from(this.#body)
      body.write(number, this.#counterInBody, 'latin1')
      connection.send(head, body, onAnswer)
    } else {
      connection.send(head.replace(COUNTER, number), this.#body, onAnswer)
    }
  }
}

function toHead(spec: LoadSpec, { path, headers }: Target, bodyBytes: number | undefined): string {
  const lines = [
    `${spec.method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${spec.port}`,
    ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...(bodyBytes === undefined ? [] : [`Content-Length: ${bodyBytes}`]),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

class Recorder {
  readonly #spec: LoadSpec
  readonly #latencies: number[] = []
  #failures = 0
  #refusals = 0
  #firstFailure: string | undefined

  constructor(spec: LoadSpec) {
    this.#spec = spec
  }

  get count(): number {
    return this.#latencies.length
  }

  record(beginMs: number, status: number, head: string, firstBytes: Buffer): void {
    this.#latencies.push(performance.now() - beginMs)
    if (status === this.#spec.expectedStatus) return
    if (status === this.#spec.refusedStatus) {
      this.#refusals++
      return
    }
    this.#failures++
    this.#firstFailure ??= `${head || 'connection closed'}\n\n${firstBytes.toString('latin1', 0, 500)}`
  }

  result(seconds: number, cpuSeconds: number): LoadResult {
    const sorted = Float64Array.from(this.#latencies).toSorted()
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
    return {
      requests: sorted.length,
      failures: this.#failures,
      refusals: this.#refusals,
      ...(this.#firstFailure === undefined ? {} : { firstFailure: this.#firstFailure }),
      seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: sorted.at(-1) ?? 0,
      generatorCpuSeconds: cpuSeconds,
    }
  }
}

async function run(spec: LoadSpec): Promise<LoadResult> {
  const connections = await Promise.all(Array.from({ length: spec.connections }, () => Connection.open(spec.port)))
  const recorder = new Recorder(spec)
  const cpuBefore = process.cpuUsage()
  const beginMs = performance.now()
  await (spec.ratePerSecond === undefined
    ? closedLoop(spec, connections, recorder, beginMs)
    : openLoop(spec, connections, recorder, beginMs, spec.ratePerSecond))
  const seconds = (performance.now() - beginMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  for (const connection of connections) connection.close()
  return recorder.result(seconds, (user + system) / 1e6)
}

/** Each connection sends its next request as soon as the answer to its last one is there. */
function closedLoop(
  spec: LoadSpec,
  connections: readonly Connection[],
  recorder: Recorder,
  beginMs: number,
): Promise<void> {
  const { apart = 1, targets } = spec
  const shares = Array.from(
    { length: apart },
    (_, share) =>
      new Requests(
        spec,
        targets.filter((__, index) => index % apart === share),
      ),
  )
  const deadlineMs = 'seconds' in spec.until ? beginMs + spec.until.seconds * 1000 : Infinity
  let left = 'requests' in spec.until ? spec.until.requests : Infinity
  let active = connections.length
  return new Promise((resolve) => {
    const next = (connection: Connection, requests: Requests): void => {
      const sentMs = performance.now()
      if (left-- <= 0 || sentMs >= deadlineMs) {
        if (--active === 0) resolve()
        return
      }
      requests.send(connection, (status, head, firstBytes) => {
        recorder.record(sentMs, status, head, firstBytes)
        if (status !== 0) next(connection, requests)
        else if (--active === 0) resolve()
      })
    }
    for (const [index, connection] of connections.entries()) next(connection, shares[index % apart] as Requests)
  })
}

/** Requests fall due at a fixed rate; one that finds no free connection waits, and its waiting is part of its latency. */
function openLoop(
  spec: LoadSpec,
  connections: readonly Connection[],
  recorder: Recorder,
  beginMs: number,
  ratePerSecond: number,
): Promise<void> {
  const requests = new Requests(spec)
  const gapMs = 1000 / ratePerSecond
  const total = 'seconds' in spec.until ? Math.floor(spec.until.seconds * ratePerSecond) : spec.until.requests
  const free = [...connections]
  let sent = 0
  return new Promise((resolve) => {
    const sendDue = (): void => {
      while (sent < total && free.length > 0 && beginMs + sent * gapMs <= performance.now()) {
        const dueMs = beginMs + sent++ * gapMs
        const connection = free.pop() as Connection
        requests.send(connection, (status, head, firstBytes) => {
          recorder.record(dueMs, status, head, firstBytes)
          free.push(connection)
          if (recorder.count < total) return
          clearInterval(timer)
          resolve()
        })
      }
    }
    const timer = setInterval(sendDue, gapMs / TICKS_PER_GAP)
  })
}
