// A wiki is arbitrary code of whoever wrote it. This one wants more than its own: the console's API, other wikis, other people's
// sessions. Twice: out of the box, where each wiki is a site of its own, and on a domain where wikis and console are one site, so that
// `SameSite` protects nobody and siblings can plant cookies.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  addressesSeen,
  consoleAttempts,
  embed,
  fetchAll,
  frame,
  openAndPoke,
  plantCookies,
  registerWorker,
  submitForm,
  wikiAttempts,
} from './attacks.ts'
import {
  LOCALHOST,
  ONE_SITE,
  openProfile,
  openWorld,
  operatorStatus,
  operatorSession,
  sessionOf,
  signIn,
  stateOf,
  victimStatus,
  type Listening,
  type Profile,
  type World,
} from './world.ts'

describe.each([LOCALHOST, ONE_SITE])('a hostile wiki ($name)', (situation) => {
  let world: World
  let profile: Profile
  beforeAll(async () => {
    world = await openWorld(situation)
    profile = await openProfile(world)
  })
  afterAll(async () => {
    await world.close()
  })

  /** Nothing has changed, and those who were signed in still are. */
  async function expectUnharmed(before: unknown): Promise<void> {
    expect(await stateOf(world, profile)).toEqual(before)
    expect(await operatorStatus(profile, world)).toBe(200)
    expect(await victimStatus(profile)).toBe(204)
  }

  test("[AU12] gets nothing from the console's API", async () => {
    const { hostile, victimId } = profile
    const before = await stateOf(world, profile)
    const seen = world.front.watch()
    const wikis = `${world.main}/v1/wikis`
    const { simple, asking } = consoleAttempts(world.main, victimId)
    const outcomes = await fetchAll(hostile, [...simple, ...asking])
    expect(outcomes.filter((outcome) => outcome.startsWith('read'))).toEqual([])
    const beacon = await hostile.evaluate((url) => navigator.sendBeacon(url, '{"name":"planted"}'), wikis)
    expect(beacon).toBe(true)
    await submitForm(hostile, { action: wikis, fields: { name: 'planted' } })
    // A body that is JSON: `{"name":"planted","x":"=..."}`.
    await submitForm(hostile, { action: wikis, enctype: 'text/plain', fields: { '{"name":"planted","x":"': '"}' } })
    await submitForm(hostile, { action: `${world.main}/sign-out`, fields: {} })
    await submitForm(hostile, { action: `${world.main}/sign-in`, fields: { key: 'wrong' } })

    const arrived = seen().filter(({ host }) => `${new URL(world.main).protocol}//${host}` === world.main)
    // All were made; those that need leave were asked about, and then not made.
    expect(arrived.filter(({ method }) => method === 'PATCH' || method === 'DELETE')).toEqual([])
    expect(arrived.filter(({ method }) => method === 'OPTIONS').length).toBeGreaterThanOrEqual(asking.length - 1)
    const posted = arrived.filter(({ method }) => method === 'POST')
    expect(posted.length).toBeGreaterThanOrEqual(15)
    const isSignedIn = posted.map(({ headers }) => headers.cookie?.includes('__Host-biplane-operator=') === true)
    // On one site the operator's cookie comes along, and it is the origin that the request is refused for.
    expect(new Set(isSignedIn)).toEqual(new Set([situation.isOneSite]))
    const statuses = new Set(posted.map(({ status }) => status))
    expect(statuses).toEqual(new Set(situation.isOneSite ? [403] : [401, 403]))
    await expectUnharmed(before)
  })

  test('[AU12] gets nothing from another wiki', async () => {
    const { hostile, victimId, victim } = profile
    const before = await stateOf(world, profile)
    const seen = world.front.watch()
    const origin = world.originOf(victimId)
    const outcomes = await fetchAll(hostile, wikiAttempts(origin))
    expect(outcomes.filter((outcome) => outcome.startsWith('read'))).toEqual([])
    const multipart = 'multipart/form-data'
    await submitForm(hostile, {
      action: `${origin}/`,
      enctype: multipart,
      fields: { UploadPlugin: 'x', userfile: 'y' },
    })
    const code = await hostile.evaluate(
      (url) =>
        new Promise<number>((resolve) => {
          const socket = new WebSocket(url)
          socket.addEventListener('close', (event) => resolve(event.code))
        }),
      `${origin.replace('http', 'ws')}/`,
    )
    expect(code).toBe(situation.isOneSite ? 4403 : 4401)

    const arrived = seen().filter(({ host }) => origin.endsWith(host))
    const writes = arrived.filter(({ method }) => method === 'POST' || method === 'PUT')
    expect(writes.length).toBeGreaterThanOrEqual(9)
    expect(new Set(writes.map(({ headers }) => headers.cookie !== undefined))).toEqual(new Set([situation.isOneSite]))
    // An upload is refused in the words of its saver, which reads no other status.
    const refused = writes.filter(({ status, text }) => status !== 200 || text.includes('Nothing was saved'))
    expect(refused.map(({ status }) => status)).toEqual(writes.map(() => expect.toBeOneOf([200, 401, 403])))
    expect(await hostile.evaluate(() => [document.cookie, localStorage.length])).toEqual(['', 0])
    expect(await victim.title()).not.toBe('overwritten')
    await expectUnharmed(before)
  })

  test('[AU12] learns nothing by embedding what it may not read', async () => {
    const { hostile, victimId } = profile
    const stranger = await world.createWiki('Stranger')
    // What this browser is signed in to, and what it is not: they must look the same.
    const urls = [victimId, stranger].flatMap((id) => [`${world.originOf(id)}/`, `${world.main}/wikis/${id}/`])
    urls.push(`${world.main}/v1/wikis`, `${world.main}/v1/accounts`, `${world.main}/sign-in`)
    const outcomes = await Promise.all(
      ['img', 'script', 'link', 'video', 'object'].flatMap((element) =>
        urls.map(async (url) => `${element} ${url} ${await embed(hostile, element, url)}`),
      ),
    )
    expect(outcomes.filter((outcome) => !outcome.endsWith('error'))).toEqual([])
  })

  test('[AU12] frames neither the console nor another wiki', async () => {
    const { hostile, victimId } = profile
    const before = await stateOf(world, profile)
    const seen = world.front.watch()
    const framed = [
      `${world.main}/`,
      `${world.main}/sign-in?code=x`,
      `${world.main}/v1/wikis`,
      `${world.main}/wikis/${victimId}/`,
      `${world.originOf(victimId)}/`,
      await world.link(victimId, 'read'),
    ]
    for (const url of framed) expect([url, await frame(hostile, url)]).toEqual([url, 'seen: nothing'])
    expect(seen().length).toBeGreaterThanOrEqual(framed.length)
    const shown = hostile.frames().slice(1)
    expect(shown.length).toBeGreaterThanOrEqual(framed.length)
    expect(shown.map((one) => one.url()).filter((url) => url !== 'chrome-error://chromewebdata/')).toEqual([])
    await expectUnharmed(before)
  })

  test('[AU12] has no hold on a window that it opens, or that opens it', async () => {
    const { context, hostile, operator, victim, victimId, hostileId } = profile
    for (const url of [`${world.originOf(victimId)}/`, `${world.main}/`]) {
      const [opened, outcome] = await Promise.all([context.waitForEvent('page'), openAndPoke(hostile, url)])
      expect([url, outcome]).toEqual([
        url,
        { opened: 'yes', document: 'refused', cookie: 'refused', storage: 'refused', frames: 'gone' },
      ])
      await opened.waitForLoadState()
      expect(await opened.evaluate(() => [(globalThis as unknown as Listening).heard, opener === null])).toEqual([
        [],
        true,
      ])
      await opened.close()
    }
    await operator.goto(`${world.main}/`)
    for (const page of [operator, victim]) {
      const address = page.url()
      const opening = context.waitForEvent('page')
      await page.evaluate((url) => void window.open(url), `${world.originOf(hostileId)}/`)
      const opened = await opening
      await opened.waitForLoadState()
      expect(await opened.evaluate(() => [opener === null, document.title])).toEqual([true, 'Hostile'])
      expect(page.url()).toBe(address)
      await opened.close()
    }
    await hostile.evaluate(() => (globalThis as unknown as Listening).say('from the channel'))
    expect(await victim.evaluate(() => (globalThis as unknown as Listening).heard)).toEqual([])
  })

  test('[AU12] plants no session on anybody', async () => {
    const { context, hostile, victim, victimId } = profile
    const { apex, main, isOneSite } = situation
    const before = await stateOf(world, profile)
    const victimHost = new URL(world.originOf(victimId)).hostname
    const parents = isOneSite ? ['example.test', apex, main] : [apex, `.${apex}`]
    // The best that anybody could have: sessions that are good, but for the name and the host of their cookies.
    const values = { '': await sessionOf(world, victimId, 'read'), '-operator': await operatorSession(profile) }
    const disguises = ['', '=', '\u00a0', '\u2000', '\ufeff', '\u0085', '\t', '$Version=1,', 'x,']
    const names = ['__host-biplane', '__HOST-BIPLANE', ...disguises.map((disguise) => `${disguise}__Host-biplane`)]
    const planted = Object.entries(values).flatMap(([suffix, value]) =>
      names.flatMap((name) =>
        [...parents, victimHost].map((domain) => `${name}${suffix}=${value}; Domain=${domain}; Path=/; Secure`),
      ),
    )
    const seen = world.front.watch()
    await plantCookies(hostile, [
      ...planted,
      ...parents.map((domain) => `tossed=here; Domain=${domain}; Path=/; Secure`),
    ])
    await expectUnharmed(before)
    // On one site siblings do get what he planted; out of the box the browser itself refuses it.
    const atVictim = seen().filter(({ host, method }) => host.startsWith(victimHost) && method === 'PUT')
    expect(atVictim.map(({ headers }) => headers.cookie?.includes('tossed=here'))).toEqual([isOneSite])

    // Nor does it become anybody's session who has none.
    for (const { name, domain } of await context.cookies())
      if (!domain.startsWith('.')) await context.clearCookies({ name, domain })
    expect(await operatorStatus(profile, world)).toBe(401)
    expect((await victim.goto(`${world.originOf(victimId)}/`))?.status()).toBe(401)
    await context.clearCookies()
    await signIn(world, profile)
    await expectUnharmed(before)
  })

  test("[AU12] changes nobody's session by a link that it has", async () => {
    const { context, hostile, victimId, hostileId } = profile
    const before = await stateOf(world, profile)
    for (const element of ['img', 'script', 'object']) {
      expect(await embed(hostile, element, await world.link(victimId, 'read'))).toBe('error')
    }
    expect(await frame(hostile, await world.link(victimId, 'read'))).toBe('seen: nothing')
    const silent = { method: 'GET', mode: 'no-cors' } as const
    expect(await fetchAll(hostile, [{ ...silent, url: await world.link(victimId, 'read') }])).not.toContain('read')
    await expectUnharmed(before)

    // Opened for all to see: a link that is shared takes nothing away, and one into his own wiki signs in there alone.
    const shared = JSON.parse((await world.api('POST', `/v1/wikis/${victimId}/links`, {})).text) as { url: string }
    for (const url of [shared.url, await world.link(hostileId)]) {
      const opening = context.waitForEvent('page')
      await hostile.evaluate((address) => void window.open(address), url)
      const opened = await opening
      await opened.waitForLoadState()
      expect(opened.url()).toBe(`${new URL(url).origin}/`)
      await opened.close()
    }
    await expectUnharmed(before)
  })

  test('[AU12] is told no code, token or cookie by any address', async () => {
    const { context, operator, hostileId } = profile
    const careless = `<!doctype html><title>Careless</title><a href="${world.attacker}/link">x</a><img src="${world.attacker}/image">`
    const id = await world.createWiki('Careless', careless)
    const seen = world.front.watch()
    const tab = await context.newPage()
    await tab.goto(await world.link(id))
    const addresses = await addressesSeen(tab)
    await tab.getByText('x').click()
    await tab.waitForURL(`${world.attacker}/link`)
    // A token in the address stays there, for a client that can carry it nowhere else; it is told to nobody.
    await tab.goto(`${world.originOf(id)}/?access_token=${await world.token(id)}`)
    await tab.getByText('x').click()
    await tab.waitForURL(`${world.attacker}/link`)
    await operator.goto(`${world.main}/wikis/${hostileId}/`)
    expect(operator.url()).toBe(`${world.originOf(hostileId)}/`)
    expect(`${addresses}\n${await addressesSeen(operator)}`).not.toMatch(/sign_in_code|eyJ/)
    const told = seen().filter(({ host }) => host.startsWith('attacker.'))
    expect(told.map(({ path }) => path).filter((path) => path === '/image' || path === '/link')).toHaveLength(4)
    expect(told.map(({ headers: { referer, cookie } }) => [referer, cookie])).toEqual(
      told.map(() => [undefined, undefined]),
    )
    await tab.close()
  })

  test('[AU12] puts no worker and no file into the way of others', async () => {
    const { hostile, victim, operator, victimId } = profile
    const core = await victim.evaluate(() =>
      document.querySelector('script[src*="tiddlywikicore"]')?.getAttribute('src'),
    )
    const path = new URL(core ?? '', victim.url()).pathname
    const scripts = [
      '/',
      `${world.main}${path}`,
      `${world.originOf(victimId)}${path}`,
      'data:text/javascript,',
      '/x.js',
    ]
    for (const script of scripts) expect([script, await registerWorker(hostile, script)]).toEqual([script, 'refused'])
    expect(await registerWorker(hostile, path, '/')).toBe('refused')
    await hostile.evaluate(async (url) => {
      await (await caches.open('poison')).put(url, new Response('alert("poisoned")'))
      const headers = { 'x-forwarded-host': 'attacker.test', 'x-original-url': '/', range: 'bytes=0-1' }
      await fetch(url, { cache: 'reload', headers })
      await fetch(url, { cache: 'reload', method: 'PUT', body: 'poison', headers: { 'x-requested-with': 'x' } })
    }, path)
    expect(await victim.evaluate(async (url) => (await (await fetch(url)).text()).length, path)).toBeGreaterThan(
      2_000_000,
    )
    await operator.goto(`${world.main}/`)
    for (const page of [victim, operator]) {
      const found = page.evaluate(async () => [
        (await navigator.serviceWorker.getRegistrations()).length,
        (await caches.keys()).length,
      ])
      expect(await found).toEqual([0, 0])
    }
    await victim.reload()
    await victim.locator('.tc-site-title').waitFor()
  })
})
