// A wiki's content on the main origin, as an API client with a token sees it.

import type { TestServer } from '../support/server.ts'

type WithToken = { readonly id: string; readonly token: string }

export const HTML = { 'content-type': 'text/html;charset=UTF-8' }

export function page(text: string): string {
  return `<!doctype html><html><body>${text}</body></html>`
}

export interface WikiApi {
  readonly api: (wiki: WithToken, method: string, path?: string, init?: RequestInit) => Promise<Response>
  readonly versionCount: (wiki: WithToken) => Promise<number>
}

/** @param server asked at every call: a test file has it only once it has started */
export function wikiApi(server: () => TestServer): WikiApi {
  const api: WikiApi['api'] = (wiki, method, path = '', init = {}) =>
    fetch(`${server().url}/wikis/${wiki.id}/${path}`, {
      method,
      ...init,
      headers: { authorization: `Bearer ${wiki.token}`, ...(init.headers as Record<string, string>) },
    })
  return {
    api,
    async versionCount(wiki) {
      const { data } = (await (await api(wiki, 'GET', 'versions')).json()) as { data: unknown[] }
      return data.length
    },
  }
}
