// The list that is on the screen: loaded page by page, refreshed while it is looked at, kept while the control plane is away.

import { useCallback, useEffect, useRef, useState } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { api, isOutage, refusalOf, type ListQuery, type Page, type Refusal, type TypeInfo } from './api.ts'

export interface Resources {
  /** `loading`: nothing to show yet. `failed`: nothing to show, and `refusal` says why. */
  readonly status: 'loading' | 'ready' | 'failed'
  readonly items: readonly ResourceJson[]
  /** Why the last attempt failed; what was there before is still shown. */
  readonly refusal: Refusal | undefined
  /** When the next attempt is made by itself. */
  readonly retryAtMs: number | undefined
  /** Another search is under way; `items` are still those of the last one. */
  readonly isSearching: boolean
  readonly hasMore: boolean
  readonly isLoadingMore: boolean
  readonly loadMore: () => void
  readonly refresh: () => void
  /** Another number each time that the list is asked for. */
  readonly round: number
  /** Every record that was seen, whether it is in the list or not. */
  readonly get: (id: string) => ResourceJson | undefined
  readonly put: (record: ResourceJson) => void
  /** What an answer says, unless something newer is known or a change is under way. */
  readonly take: (records: readonly ResourceJson[]) => void
  /** The same for one that is new: at the top of the list. */
  readonly add: (record: ResourceJson) => void
  /** While a change is under way, a refresh does not overwrite what it expects. */
  readonly hold: (id: string) => () => void
}

const PAGE_SIZE = 50
/** The most that one request answers. */
const MAX_PAGE_SIZE = 200
/** Somebody else's changes appear within this time. */
const REFRESH_MS = 30_000
/** The same while something on the screen is on its way to another state. */
const REFRESH_MOVING_MS = 2_000
/** First wait after a failure; doubles up to {@link REFRESH_MS}. */
const RETRY_MS = 1_000

interface State {
  /** What `ids` are the answer to: all of them, and without the search. */
  readonly query: string
  readonly scope: string
  readonly ids: readonly string[]
  readonly cursor: string | undefined
  readonly refusal: Refusal | undefined
  readonly failures: number
  readonly retryAtMs: number | undefined
}

const NOTHING: State = {
  query: '',
  scope: '',
  ids: [],
  cursor: undefined,
  refusal: undefined,
  failures: 0,
  retryAtMs: undefined,
}

export function useResources(type: TypeInfo, deleted: boolean, search: string, onSignedOut: () => void): Resources {
  const scope = `${type.plural} ${deleted}`
  const query = `${scope} ${search}`
  const [records, setRecords] = useState<ReadonlyMap<string, ResourceJson>>(new Map())
  const [state, setState] = useState(NOTHING)
  const [attempt, setAttempt] = useState(0)
  const [isLoadingMore, setLoadingMore] = useState(false)
  const held = useRef(new Map<string, number>())
  const loaded = useRef<State>(NOTHING)
  loaded.current = state

  const take = useCallback((data: readonly ResourceJson[]) => {
    setRecords((known) => {
      const fresh = data.filter((record) => !held.current.has(record.id) && !isOlder(record, known.get(record.id)))
      return new Map([...known, ...fresh.map((record) => [record.id, record] as const)])
    })
  }, [])

  const failed = useCallback(
    (thrown: unknown) => {
      const refusal = refusalOf(thrown)
      if (refusal.status === 401) {
        onSignedOut()
        return
      }
      setState((before) => {
        const failures = before.failures + 1
        const waitMs = Math.min(RETRY_MS * 2 ** before.failures, REFRESH_MS)
        return { ...before, refusal, failures, retryAtMs: isOutage(refusal) ? Date.now() + waitMs : undefined }
      })
    },
    [onSignedOut],
  )

  useEffect(() => {
    const abort = new AbortController()
    const before = loaded.current.query === query ? loaded.current : NOTHING
    const limit = Math.min(Math.max(PAGE_SIZE, before.ids.length), MAX_PAGE_SIZE)
    loadPage(type, { search, deleted, limit }, abort.signal)
      .then((page) => {
        if (abort.signal.aborted) return
        take(page.data)
        const ids = page.data.map(({ id }) => id)
        // Of a list longer than one answer, the rest stays as it was.
        const last = page.next_cursor === undefined ? -1 : before.ids.indexOf(ids.at(-1) ?? '')
        const rest = last === -1 || before.ids.length <= MAX_PAGE_SIZE ? [] : before.ids.slice(last + 1)
        const cursor = rest.length === 0 ? page.next_cursor : before.cursor
        setState({ ...NOTHING, query, scope, ids: [...ids, ...rest.filter((id) => !ids.includes(id))], cursor })
      })
      .catch((thrown: unknown) => {
        if (!abort.signal.aborted) failed(thrown)
      })
    return () => abort.abort()
  }, [query, scope, type, deleted, search, attempt, take, failed])

  const refresh = useCallback(() => setAttempt((count) => count + 1), [])
  const isMine = state.scope === scope
  const items = (isMine ? state.ids : []).flatMap((id) => {
    const record = records.get(id)
    return record !== undefined && isDeleted(record) === deleted ? [record] : []
  })
  const isMoving = items.some((record) => record.state === 'creating' || record.state === 'deleting')

  useEffect(() => {
    // A refusal that does not pass by itself waits for the person.
    if (state.refusal !== undefined && state.retryAtMs === undefined) return undefined
    const waitMs =
      state.retryAtMs === undefined ? (isMoving ? REFRESH_MOVING_MS : REFRESH_MS) : state.retryAtMs - Date.now()
    const timer = setTimeout(refresh, Math.max(waitMs, 0))
    return () => clearTimeout(timer)
  }, [state, isMoving, refresh])

  useEffect(() => {
    const onVisible = (): void => {
      if (document.visibilityState === 'visible') refresh()
    }
    document.addEventListener('visibilitychange', onVisible)
    return () => document.removeEventListener('visibilitychange', onVisible)
  }, [refresh])

  const loadMore = (): void => {
    const { cursor } = state
    if (cursor === undefined || isLoadingMore || state.query !== query) return
    setLoadingMore(true)
    loadPage(type, { search, deleted, limit: PAGE_SIZE, cursor })
      .then((page) => {
        take(page.data)
        setState((now) => {
          if (now.query !== query || now.cursor !== cursor) return now
          const more = page.data.map(({ id }) => id).filter((id) => !now.ids.includes(id))
          return { ...now, ids: [...now.ids, ...more], cursor: page.next_cursor }
        })
      })
      .catch(failed)
      .finally(() => setLoadingMore(false))
  }

  return {
    status: isMine ? 'ready' : state.refusal === undefined ? 'loading' : 'failed',
    items,
    refusal: state.refusal,
    retryAtMs: state.retryAtMs,
    isSearching: isMine && state.query !== query && state.refusal === undefined,
    hasMore: isMine && state.cursor !== undefined,
    isLoadingMore,
    loadMore,
    refresh,
    round: attempt,
    get: (id) => records.get(id),
    take,
    put: (record) => setRecords((known) => new Map(known).set(record.id, record)),
    add(record) {
      setRecords((known) => new Map(known).set(record.id, record))
      setState((now) => (now.ids.includes(record.id) ? now : { ...now, ids: [record.id, ...now.ids] }))
    },
    hold(id) {
      held.current.set(id, (held.current.get(id) ?? 0) + 1)
      return () => {
        const count = (held.current.get(id) ?? 1) - 1
        if (count === 0) held.current.delete(id)
        else held.current.set(id, count)
      }
    },
  }
}

/** Goes on past pages that hold nothing: what was scanned for one is bounded, so it may be empty and yet not the last. */
async function loadPage(type: TypeInfo, query: ListQuery, signal?: AbortSignal): Promise<Page> {
  let page = await api.list(type, query, signal)
  while (page.data.length === 0 && page.next_cursor !== undefined) {
    // eslint-disable-next-line no-await-in-loop -- each page names the next one
    page = await api.list(type, { ...query, cursor: page.next_cursor }, signal)
  }
  return page
}

/** A list that was asked for before a change may arrive after the change's own answer. */
function isOlder(record: ResourceJson, known: ResourceJson | undefined): boolean {
  return known !== undefined && revisionOf(record) < revisionOf(known)
}

/** The etag is the revision in quotation marks; revisions grow. */
function revisionOf({ etag }: ResourceJson): number {
  return Number(etag.replaceAll('"', ''))
}

export function isDeleted({ state }: ResourceJson): boolean {
  return state === 'deleting' || state === 'deleted'
}
