// What a page tries that wants more than its own. Each function runs in the hostile page, and says what the browser let it see.

import type { Page } from 'playwright-core'

export interface Attempt {
  readonly url: string
  readonly method: string
  readonly mode: RequestMode
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly keepalive?: boolean
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_BODY = { 'content-type': 'application/json' }

/** What a page sends to the console's API: `simple` as any form could, `asking` with a question to the server (CORS) before it. */
export function consoleAttempts(
  main: string,
  victimId: string,
): Readonly<Record<'simple' | 'asking', readonly Attempt[]>> {
  const wikis = `${main}/v1/wikis`
  const victim = `${wikis}/${victimId}`
  return {
    simple: (['cors', 'no-cors'] as const).flatMap((mode): Attempt[] => [
      { mode, method: 'GET', url: wikis },
      { mode, method: 'GET', url: `${main}/v1/session` },
      { mode, method: 'GET', url: `${main}/` },
      { mode, method: 'POST', url: wikis, body: '{"name":"planted"}' },
      { mode, method: 'POST', url: wikis, body: 'name=planted', headers: FORM },
      { mode, method: 'POST', url: `${victim}/tokens`, body: '{"permission":"write"}', keepalive: true },
      { mode, method: 'POST', url: `${main}/sign-out` },
      { mode, method: 'POST', url: `${main}/sign-in`, body: 'key=wrong', headers: FORM },
    ]),
    asking: [
      { mode: 'cors', method: 'POST', url: wikis, headers: JSON_BODY, body: '{"name":"planted"}' },
      { mode: 'cors', method: 'PATCH', url: victim, headers: JSON_BODY, body: '{"mode":"suspended"}' },
      { mode: 'cors', method: 'DELETE', url: victim },
      { mode: 'cors', method: 'DELETE', url: `${victim}/tokens` },
      { mode: 'cors', method: 'POST', url: `${victim}/restore`, headers: JSON_BODY, body: '{}' },
      { mode: 'cors', method: 'POST', url: `${victim}/links`, headers: JSON_BODY, body: '{}' },
    ],
  }
}

/** What a page sends to another wiki. */
export function wikiAttempts(origin: string): readonly Attempt[] {
  const headers = { 'content-type': 'text/html', 'x-requested-with': 'TiddlyWiki' }
  return [
    ...(['cors', 'no-cors'] as const).flatMap((mode): Attempt[] => [
      { mode, method: 'GET', url: `${origin}/` },
      { mode, method: 'GET', url: `${origin}/export` },
      { mode, method: 'GET', url: `${origin}/versions` },
      { mode, method: 'GET', url: `${origin}/tiddlers.json` },
      { mode, method: 'POST', url: `${origin}/`, body: 'overwritten' },
      { mode, method: 'POST', url: `${origin}/import`, body: '<html></html>' },
      { mode, method: 'POST', url: `${origin}/convert`, body: '{"storage":"tiddlers"}' },
      { mode, method: 'POST', url: `${origin}/versions/1/restore` },
    ]),
    { mode: 'cors', method: 'PUT', url: `${origin}/`, headers, body: 'overwritten' },
    { mode: 'cors', method: 'DELETE', url: `${origin}/versions/1` },
  ]
}

/** `refused`: nothing came back. `opaque`: something did, and nobody can look into it. `read ...`: the attack succeeded. */
export function fetchAll(page: Page, attempts: readonly Attempt[]): Promise<string[]> {
  return page.evaluate(
    (all) =>
      Promise.all(
        all.map(async ({ url, ...init }) => {
          try {
            const answer = await fetch(url, { credentials: 'include', ...init })
            return answer.type === 'opaque' ? 'opaque' : `read ${answer.status} ${await answer.text()}`
          } catch {
            return 'refused'
          }
        }),
      ),
    attempts,
  )
}

/** Sends a form into a frame of the page. A form is a navigation: no CORS asks for leave. */
export function submitForm(
  page: Page,
  form: { readonly action: string; readonly enctype?: string; readonly fields: Readonly<Record<string, string>> },
): Promise<void> {
  return page.evaluate(({ action, enctype, fields }) => {
    const element = document.createElement('form')
    Object.assign(element, { action, method: 'post', target: 'sink', enctype: enctype ?? element.enctype })
    for (const [name, value] of Object.entries(fields)) {
      const input = document.createElement('input')
      Object.assign(input, { name, value, type: 'hidden' })
      element.append(input)
    }
    const sink = document.createElement('iframe')
    sink.name = 'sink'
    document.body.append(sink, element)
    return new Promise<void>((resolve) => {
      sink.addEventListener('load', () => {
        sink.remove()
        element.remove()
        resolve()
      })
      element.submit()
    })
  }, form)
}

/** Loads an address as this kind of element. @returns `load` or `error` */
export function embed(page: Page, element: string, url: string): Promise<string> {
  return page.evaluate(
    ({ name, address }) =>
      new Promise<string>((resolve) => {
        const made = document.createElement(name)
        if (name === 'link') made.setAttribute('rel', 'stylesheet')
        made.setAttribute(name === 'link' ? 'href' : name === 'object' ? 'data' : 'src', address)
        made.addEventListener('load', () => resolve('load'))
        made.addEventListener('loadeddata', () => resolve('load'))
        made.addEventListener('error', () => resolve('error'))
        document.body.append(made)
      }),
    { name: element, address: url },
  )
}

/** Frames an address. @returns what the page can see of it */
export function frame(page: Page, url: string): Promise<string> {
  return page.evaluate(
    (address) =>
      new Promise<string>((resolve) => {
        const made = document.createElement('iframe')
        made.addEventListener('load', () => {
          made.contentWindow?.postMessage('from the frame of a stranger', '*')
          // Null, not an error, where it is of another origin.
          resolve(`seen: ${made.contentDocument?.documentElement.outerHTML ?? 'nothing'}`)
        })
        made.src = address
        document.body.append(made)
      }),
    url,
  )
}

/** Opens an address in another window, waits, and pokes at it with everything that a window's handle has. */
export function openAndPoke(page: Page, url: string): Promise<Readonly<Record<string, string>>> {
  return page.evaluate(async (address) => {
    const other = window.open(address, '_blank')
    if (other === null) return { opened: 'no' }
    // Until the page is there, which cuts the handle; or, if nothing does, for as long as a page takes.
    for (let waits = 0; waits < 60 && !other.closed; waits++) await new Promise((resolve) => setTimeout(resolve, 50))
    other.postMessage('from the opener', '*')
    const pokes: Readonly<Record<string, () => unknown>> = {
      document: () => other.document.documentElement.outerHTML,
      cookie: () => other.document.cookie,
      storage: () => other.localStorage.length,
      frames: () => (other.closed ? 'gone' : other.length),
    }
    const outcome: Record<string, string> = { opened: 'yes' }
    for (const [name, poke] of Object.entries(pokes)) {
      try {
        outcome[name] = String(poke())
      } catch {
        outcome[name] = 'refused'
      }
    }
    return outcome
  }, url)
}

/** Plants cookies for other hosts. @returns what this page sees of them */
export function plantCookies(page: Page, cookies: readonly string[]): Promise<string> {
  return page.evaluate((all) => {
    for (const cookie of all) document.cookie = cookie
    return document.cookie
  }, cookies)
}

/** Everywhere that a page's script finds the addresses by which it was reached. */
export function addressesSeen(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { navigation } = globalThis as unknown as { navigation: { entries(): { url: string }[] } }
    return [
      location.href,
      document.referrer,
      document.cookie,
      ...performance.getEntries().map(({ name }) => name),
      ...navigation.entries().map(({ url }) => url),
    ].join('\n')
  })
}

/** Asks for a service worker. @returns its scope, or `refused` */
export function registerWorker(page: Page, script: string, scope?: string): Promise<string> {
  return page.evaluate(
    async (asked) => {
      try {
        const { scope: granted } = await navigator.serviceWorker.register(asked.script, asked.options)
        return granted
      } catch {
        return 'refused'
      }
    },
    { script, options: scope === undefined ? {} : { scope } },
  )
}
