// Where the person is, in the address's fragment: a link into the console leads to the same place, and no server hears of it.

import { useSyncExternalStore } from 'react'

export const PANELS = ['overview', 'keys', 'sharing', 'versions'] as const
export type Panel = (typeof PANELS)[number]

export interface Route {
  readonly plural: string
  readonly deleted: boolean
  /** Of the resource whose details are open. */
  readonly id?: string
  readonly panel: Panel
}

/** `#/wikis`, `#/wikis/deleted`, `#/wikis/ID`, `#/wikis/ID/versions`. Identifiers have dashes; `deleted` is none. */
export function parseRoute(hash: string, defaultPlural: string): Route {
  const [plural = '', second = '', third = ''] = hash.replace(/^#\/?/, '').split('/')
  const deleted = second === 'deleted'
  return {
    plural: plural === '' ? defaultPlural : plural,
    deleted,
    ...(second === '' || deleted ? {} : { id: second }),
    panel: PANELS.find((panel) => panel === third) ?? 'overview',
  }
}

export function toHash({ plural, deleted, id, panel }: Partial<Route> & { readonly plural: string }): string {
  if (id !== undefined) return `#/${plural}/${id}${panel === undefined || panel === 'overview' ? '' : `/${panel}`}`
  return `#/${plural}${deleted === true ? '/deleted' : ''}`
}

export function useRoute(defaultPlural: string): Route {
  const hash = useSyncExternalStore(
    (changed) => {
      window.addEventListener('hashchange', changed)
      return () => window.removeEventListener('hashchange', changed)
    },
    () => window.location.hash,
  )
  return parseRoute(hash, defaultPlural)
}

export function go(route: Partial<Route> & { readonly plural: string }): void {
  window.location.hash = toHash(route)
}
