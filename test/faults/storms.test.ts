// Load while a process is killed with -9: the control process must not be missed, and the data process must not lose what it acknowledged.

import { createHash } from 'node:crypto'
import { Agent } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { create, mintToken, send, type Answer } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface OpenWiki {
  readonly path: string
  readonly authorization: string
}

const HTML = { 'content-type': 'text/html;charset=UTF-8' }

async function openWikis(server: TestServer, count: number): Promise<OpenWiki[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { id } = await create(server, 'wikis')
      const { token } = await mintToken(server, 'wikis', id)
      return { path: `/wikis/${id}/`, authorization: `Bearer ${token}` }
    }),
  )
}

/** Connections that stay open, as browsers have them: a process that dies is felt on them. */
function openAgent(): Agent {
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  return agent
}

function get(server: TestServer, { path, authorization }: OpenWiki, agent: Agent): Promise<Answer> {
  return send(server, { path, headers: { authorization }, agent })
}

function put(server: TestServer, { path, authorization }: OpenWiki, agent: Agent, body: string): Promise<Answer> {
  return send(server, { method: 'PUT', path, headers: { authorization, ...HTML }, body, agent })
}

/** A page of its own for every save. */
function page(words: string): string {
  return `<html><body>${words} ${createHash('sha256').update(words).digest('hex').repeat(8)}</body></html>`
}

const STORM_MS = 10_000
const CLIENTS = 4
const WIKIS = 20

test(
  '[DP10] kill -9 of the control process in a storm of reads and writes on 20 wikis: no error',
  async () => {
    const server = await startServer()
    const agent = openAgent()
    const wikis = await openWikis(server, WIKIS)
    const errors: string[] = []
    const latencies = { before: [] as number[], after: [] as number[] }
    const begin = performance.now()
    let isKilled = false
    let killed: Promise<void> | undefined

    const client = async (mine: readonly OpenWiki[]): Promise<void> => {
      for (let number = 0; performance.now() - begin < STORM_MS; number++) {
        const wiki = mine[number % mine.length] as OpenWiki
        const text = page(`${wiki.path} ${number}`)
        for (const step of [put, get]) {
          const start = performance.now()
          const answer = await step(server, wiki, agent, text).catch((error: unknown) => String(error))
          latencies[isKilled ? 'after' : 'before'].push(performance.now() - start)
          const isRight =
            typeof answer === 'object' &&
            (step === put ? answer.status === 204 : answer.status === 200 && answer.text === text)
          if (!isRight)
            errors.push(typeof answer === 'object' ? `${answer.status} ${answer.text.slice(0, 200)}` : answer)
        }
        if (!isKilled && performance.now() - begin > STORM_MS / 2) {
          isKilled = true
          killed = server.control.kill9()
        }
      }
    }
    const share = WIKIS / CLIENTS
    await Promise.all(
      Array.from({ length: CLIENTS }, (_, index) => client(wikis.slice(index * share, (index + 1) * share))),
    )
    await killed
    expect(errors).toEqual([])
    const [before, after] = [quantiles(latencies.before), quantiles(latencies.after)]
    console.log(`storm: before the kill ${before}; after it ${after}`)
    expect(latencies.before.length).toBeGreaterThan(100)
    expect(latencies.after.length).toBeGreaterThan(100)
    // The other plane is back, too.
    await server.control.ready()
    await expect.poll(async () => (await server.fetch('/v1/wikis')).status, { timeout: 5_000 }).toBe(200)
  },
  STORM_MS + 50_000,
)

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2)
  return `${sorted.length} requests, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(0.9999)} ms`
}

const ROUNDS = 5
const WRITERS_PER_WIKI = 4
/** Acknowledged by all together before the kill; what is at risk are the last of them. */
const SAVES_PER_ROUND = 90
/** A wiki keeps 50 versions: so many of the newest acknowledged ones are surely still kept beside those that nobody was told of. */
const LOOK_BACK = 30

test('[RC1] [DP5] [WK4] kill -9 of the data process in a storm of concurrent saves, five rounds: no acknowledged save is lost', async () => {
  const server = await startServer()
  const wikis = await openWikis(server, 3)
  const saved = new Map(wikis.map(({ path }) => [path, [] as string[]]))
  let retries = 0

  for (let round = 0; round < ROUNDS; round++) {
    const agent = openAgent()
    let left = SAVES_PER_ROUND
    let dying: Promise<void> | undefined
    const writer = async (wiki: OpenWiki, name: string): Promise<void> => {
      for (let number = 0; ; number++) {
        const text = page(`${name} round ${round} save ${number}`)
        let { etag } = await saveOnce(server, wiki, agent, text)
        const wasRefused = etag === undefined
        // The process that is about to be started takes the connections that wait in its queue.
        while (etag === undefined) {
          retries++
          await dying
          await server.data.ready()
          etag = (await saveOnce(server, wiki, agent, text)).etag
        }
        saved.get(wiki.path)?.push(etag)
        if (--left === 0) dying = server.data.kill9()
        if (wasRefused || left < 0) return
      }
    }
    await Promise.all(
      wikis.flatMap((wiki, index) =>
        Array.from({ length: WRITERS_PER_WIKI }, (_, number) => writer(wiki, `wiki ${index} writer ${number}`)),
      ),
    )
    await dying
    await server.data.ready()
    for (const wiki of wikis) await expectKept(server, wiki, saved.get(wiki.path) ?? [])
  }
  const count = [...saved.values()].flat().length
  console.log(`write storm: ${count} acknowledged saves in ${ROUNDS} rounds, ${retries} refused and repeated`)
  expect(retries, 'saves that a kill interrupted').toBeGreaterThan(0)
}, 90_000)

/** The ETag of an acknowledged save, nothing of any other. */
async function saveOnce(
  server: TestServer,
  wiki: OpenWiki,
  agent: Agent,
  text: string,
): Promise<{ etag: string | undefined }> {
  try {
    const { status, headers } = await put(server, wiki, agent, text)
    return { etag: status === 204 ? headers.etag : undefined }
  } catch {
    return { etag: undefined }
  }
}

async function expectKept(server: TestServer, wiki: OpenWiki, acknowledged: readonly string[]): Promise<void> {
  const headers = { authorization: wiki.authorization }
  const { data } = (await (await fetch(`${server.url}${wiki.path}versions`, { headers })).json()) as {
    data: { version: number; etag: string }[]
  }
  const kept = new Set(data.map(({ etag }) => etag))
  const lost = acknowledged.slice(-LOOK_BACK).filter((etag) => !kept.has(etag))
  expect(lost, 'acknowledged saves that are gone').toEqual([])
  // Versions are counted without gaps: as many as were acknowledged, and those that were stored without their answer getting out.
  expect(data[0]?.version).toBeGreaterThanOrEqual(acknowledged.length)
  const current = await fetch(server.url + wiki.path, { headers })
  expect(current.headers.get('etag')).toBe(data[0]?.etag)
  expect(await current.text()).toMatch(/^<html><body>wiki .*<\/body><\/html>$/)
}
