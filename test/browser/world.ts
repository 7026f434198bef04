// A place where a hostile wiki, its victim and an operator meet: a server behind a front that writes everything down, and one browser
// profile that is signed in to the console and to the victim's wiki, with a page of the hostile wiki open.

import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createDeploymentSigner } from '../../src/identity/deployment-signer.ts'
import { makeCertificate } from '../support/certificate.ts'
import { Front } from '../support/front.ts'
import { send, type Answer } from '../support/http.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { launchBrowser } from './browser.ts'

export interface Situation {
  readonly name: string
  readonly isTls: boolean
  /** Host names; the port is the front's. */
  readonly main: string
  readonly apex: string
  readonly attacker: string
  /** Whether a browser counts all of the server's hosts as one site, and sends `SameSite` cookies between them. */
  readonly isOneSite: boolean
}

/** Out of the box: each wiki is a site of its own. */
export const LOCALHOST: Situation = {
  name: 'localhost',
  isTls: false,
  main: 'localhost',
  apex: 'localhost',
  attacker: 'attacker.localhost',
  isOneSite: false,
}

/** The least fortunate domain that a deployment can have: the wikis are siblings of the console and of each other. */
export const ONE_SITE: Situation = {
  name: 'one site',
  isTls: true,
  main: 'console.example.test',
  apex: 'wikis.example.test',
  attacker: 'attacker.test',
  isOneSite: true,
}

export interface World {
  readonly situation: Situation
  readonly server: TestServer
  readonly front: Front
  readonly browser: Browser
  /** Origin of the console and the API. */
  readonly main: string
  readonly attacker: string
  /** Own origin of a wiki. */
  originOf(id: string): string
  /** A request to the main origin with the operator's key. */
  api(method: string, path: string, body?: object): Promise<Answer>
  /** A new wiki; with a page, that is what it holds. */
  createWiki(name: string, html?: string): Promise<string>
  /** A token that may write. */
  token(id: string): Promise<string>
  /** A link for a browser. */
  link(id: string, permission?: string): Promise<string>
  close(): Promise<void>
}

export async function openWorld(situation: Situation): Promise<World> {
  const certificate = situation.isTls ? makeCertificate() : undefined
  const front = await Front.start(certificate)
  const scheme = situation.isTls ? 'https' : 'http'
  const hostOf = (name: string): string => `${name}:${front.port}`
  const main = `${scheme}://${hostOf(situation.main)}`
  const args = ['--host-resolver-rules=MAP *.test 127.0.0.1']
  if (certificate !== undefined) args.push(`--ignore-certificate-errors-spki-list=${certificate.spkiHash}`)
  const [server, browser] = await Promise.all([
    startServer({ args: [`--public-url=${main}`, `--apex=${situation.apex}`] }),
    launchBrowser(args),
  ])
  front.leadTo(server.port)

  async function ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
    const all = { host: hostOf(situation.main), authorization: `Bearer ${server.operatorKey}`, ...headers }
    return send(server, { method, path, headers: all, ...(body === undefined ? {} : { body }) })
  }
  const world: World = {
    situation,
    server,
    front,
    browser,
    main,
    attacker: `${scheme}://${hostOf(situation.attacker)}`,
    originOf: (id) => `${scheme}://${id}.${hostOf(situation.apex)}`,
    api: (method, path, body) =>
      ask(method, path, { 'content-type': 'application/json' }, body === undefined ? undefined : JSON.stringify(body)),
    async createWiki(name, html) {
      const { id } = required(await world.api('POST', '/v1/wikis', { name }), 201) as { id: string }
      if (html !== undefined) {
        const headers = { authorization: `Bearer ${await world.token(id)}`, 'content-type': 'text/html;charset=UTF-8' }
        required(await ask('PUT', `/wikis/${id}/`, headers, html), 204)
      }
      return id
    },
    async token(id) {
      const answer = await world.api('POST', `/v1/wikis/${id}/tokens`, { permission: 'write' })
      return (required(answer, 201) as { token: string }).token
    },
    async link(id, permission = 'write') {
      return (required(await world.api('POST', `/v1/wikis/${id}/tokens`, { permission }), 201) as { url: string }).url
    },
    async close() {
      await browser.close()
      await front.close()
    },
  }
  return world
}

function required({ status, text }: Answer, wanted: number): unknown {
  if (status !== wanted) throw new Error(`answered ${status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

/** One browser profile in the middle of everything. */
export interface Profile {
  readonly context: BrowserContext
  /** The console's tab. */
  readonly operator: Page
  /** A tab of the victim's wiki, which is a real TiddlyWiki. */
  readonly victim: Page
  /** A tab of the hostile wiki. */
  readonly hostile: Page
  readonly victimId: string
  readonly hostileId: string
}

/** Messages that reached a page, by `postMessage` or over a channel. */
export interface Listening {
  heard: string[]
  /** Speaks on the channel that every page listens to. */
  say(text: string): void
}

/** A whole page of the attacker's own making: nothing of TiddlyWiki is in it. */
const HOSTILE_PAGE = '<!doctype html><meta charset="utf-8"><title>Hostile</title><h1>Welcome</h1>'

export async function openProfile(world: World): Promise<Profile> {
  const context = await world.browser.newContext()
  await context.addInitScript(() => {
    const heard: string[] = []
    addEventListener('message', (event) => heard.push(String(event.data)))
    const channel = new BroadcastChannel('gossip')
    channel.addEventListener('message', (event) => heard.push(String(event.data)))
    Object.assign(globalThis, { heard, say: channel.postMessage.bind(channel) } satisfies Listening)
  })
  const [operator, victim, hostile] = [await context.newPage(), await context.newPage(), await context.newPage()]
  const victimId = await world.createWiki('Victim')
  const hostileId = await world.createWiki('Hostile', HOSTILE_PAGE)
  const profile = { context, operator, victim, hostile, victimId, hostileId }
  await signIn(world, profile)
  // From now on its saves change nothing.
  await victimStatus(profile)
  return profile
}

/** The operator to the console, and the profile's owner to both wikis. */
export async function signIn(
  world: World,
  { context, operator, victim, hostile, victimId, hostileId }: Profile,
): Promise<void> {
  const { deployment } = world.server.secrets
  const endsAt = Math.floor(Date.now() / 1000) + 600
  const claims = { type: 'operator', resource: deployment, permission: 'admin', generation: 0, endsAt } as const
  const code = await createDeploymentSigner(world.server.secrets).mint({
    use: 'operator-code',
    expiresAt: endsAt,
    ...claims,
  })
  await operator.goto(`${world.main}/sign-in?code=${code}`)
  await victim.goto(await world.link(victimId))
  await victim.locator('.tc-site-title').waitFor()
  await hostile.goto(await world.link(hostileId))
  const names = (await context.cookies()).map(({ name }) => name)
  if (names.length !== 3) throw new Error(`the browser keeps ${names.join(', ')}`)
}

/** The value of a session's cookie, as somebody gets it who opens a link in another browser. */
export async function sessionOf(world: World, id: string, permission: string): Promise<string> {
  const { host, pathname, search } = new URL(await world.link(id, permission))
  const { headers } = await send(world.server, { path: pathname + search, headers: { host } })
  return /=([^;]+);/.exec(headers['set-cookie']?.[0] ?? '')?.[1] ?? ''
}

/** What the API answers to the operator's browser. */
export async function operatorStatus({ operator }: Profile, { main }: World): Promise<number | undefined> {
  return (await operator.goto(`${main}/v1/wikis`))?.status()
}

/** What the victim's page may do: `dav` alone is no leave to write, so it saves. */
export function victimStatus({ victim }: Profile): Promise<number> {
  return victim.evaluate(async () => {
    const page = await fetch('/')
    const saved = await fetch('/', {
      method: 'PUT',
      headers: { 'x-requested-with': 'TiddlyWiki', 'content-type': 'text/html;charset=UTF-8' },
      body: await page.text(),
    })
    return saved.status
  })
}

/** The value of the operator's cookie. */
export async function operatorSession({ context }: Profile): Promise<string> {
  return (await context.cookies()).find(({ name }) => name === '__Host-biplane-operator')?.value ?? ''
}

/** Everything that the operator has, as the catalog and the victim's object say it, and what the victim's wiki holds. */
export async function stateOf(world: World, { victimId }: Profile): Promise<unknown> {
  const list = JSON.parse((await world.api('GET', '/v1/wikis')).text) as { data: Readonly<Record<string, unknown>>[] }
  const one = await world.api('GET', `/v1/wikis/${victimId}`)
  const inspected = JSON.parse((await world.api('GET', `/v1/wikis/${victimId}/inspect`)).text) as { object: unknown }
  const headers = { host: new URL(world.main).host, authorization: `Bearer ${await world.token(victimId)}` }
  const content = await send(world.server, { path: `/wikis/${victimId}/`, headers })
  const rows = list.data.map(({ id, state, name }) => [id, state, name])
  return { rows, record: one.headers.etag, object: inspected.object, content: content.headers.etag }
}
