// Wikis that are stored by tiddlers, as an API client with a token sees them.

import { json } from '../support/http.ts'
import type { TestServer } from '../support/server.ts'
import { createWiki, type CreatedWiki } from './own-origin.ts'
import { wikiApi, type WikiApi } from './wiki-api.ts'

/** What TiddlyWiki's adaptor asks for. */
export const LIST: string =
  'recipes/default/tiddlers.json?filter=' +
  encodeURIComponent(
    '[all[tiddlers]] -[[$:/isEncrypted]] -[prefix[$:/temp/]] -[prefix[$:/status/]] -[[$:/boot/boot.js]] -[[$:/boot/bootprefix.js]] -[has[plugin-type]field:platform[server]] -[[$:/library/sjcl.js]] -[[$:/core]]',
  )

export const pathOf = (title: string): string => `recipes/default/tiddlers/${encodeURIComponent(title)}`
export const historyOf = (title: string): string => `bags/default/tiddlers/${encodeURIComponent(title)}/revisions`

export interface TiddlyWebApi {
  readonly api: WikiApi['api']
  readonly make: () => Promise<CreatedWiki>
  readonly put: (
    wiki: CreatedWiki,
    title: string,
    fields: object,
    headers?: Record<string, string>,
  ) => Promise<Response>
  readonly remove: (wiki: CreatedWiki, title: string, headers?: Record<string, string>) => Promise<Response>
  /** @throws Error unless it answers 200 */
  readonly get: <T = Record<string, unknown>>(wiki: CreatedWiki, path: string) => Promise<T>
}

/** @param server asked at every call: a test file has it only once it has started */
export function tiddlyWebApi(server: () => TestServer): TiddlyWebApi {
  const { api } = wikiApi(server)
  return {
    api,
    make: () => createWiki(server(), 'write', { params: { storage: 'tiddlers' } }),
    put: (wiki, title, fields, headers = {}) => api(wiki, 'PUT', pathOf(title), json('PUT', fields, headers)),
    remove: (wiki, title, headers = {}) =>
      api(wiki, 'DELETE', `bags/default/tiddlers/${encodeURIComponent(title)}`, { headers }),
    async get<T>(wiki: CreatedWiki, path: string) {
      const response = await api(wiki, 'GET', path)
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as T
    },
  }
}

/** The tiddlers in the stores of a page, as TiddlyWiki's boot kernel reads them. */
export function storeOf(html: string): Record<string, string>[] {
  return Array.from(
    html.matchAll(/<script class="tiddlywiki-tiddler-store" type="application\/json">(.*?)<\/script>/gs),
    ([, text = '']) => JSON.parse(text) as Record<string, string>[],
  ).flat()
}
