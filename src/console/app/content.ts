// Calls to a wiki's content, on the main origin and with a token of its own. Tokens live in this page's memory and nowhere else.

import { ApiError, api, send, type TypeInfo } from './api.ts'

export interface Version {
  readonly version: number
  readonly size_bytes: number
  readonly save_time: string
  readonly current: boolean
}

export interface ImportResult {
  readonly converted?: boolean
  readonly reason?: string
  readonly tiddlers?: number
}

/** What a wiki says about itself. */
export interface WikiInfo {
  readonly storage: Storage
  /** null: it was brought from elsewhere, and does not say. */
  readonly tiddlywiki_version: string | null
  readonly encrypted: boolean
  readonly tiddlers?: number
}

/** As one file that is saved whole, or each tiddler by itself. */
export type Storage = 'file' | 'tiddlers'

/** A token is not used in its last seconds: the request has to arrive, too. */
const MARGIN_MS = 15_000
const tokens = new Map<string, { readonly token: string; readonly endsAtMs: number }>()

/** Forgets every token, when the person signs out. */
export function forgetTokens(): void {
  tokens.clear()
}

async function sendContent(type: TypeInfo, id: string, path: string, init: RequestInit = {}): Promise<Response> {
  const attempt = async (): Promise<Response> => {
    const token = await tokenFor(type, id)
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` }
    return send(`/${type.plural}/${id}/${path}`, { ...init, headers })
  }
  try {
    return await attempt()
  } catch (error) {
    // All tokens may have been revoked meanwhile; this page may have a new one.
    if (!(error instanceof ApiError) || error.refusal.status !== 401 || !tokens.delete(id)) throw error
    return attempt()
  }
}

async function tokenFor(type: TypeInfo, id: string): Promise<string> {
  const known = tokens.get(id)
  if (known !== undefined && known.endsAtMs - MARGIN_MS > Date.now()) return known.token
  const { token, expire_time: endsAt } = await api.token(type, id, 'write')
  tokens.set(id, { token, endsAtMs: Date.parse(endsAt) })
  return token
}

export async function listVersions(type: TypeInfo, id: string): Promise<readonly Version[]> {
  const response = await sendContent(type, id, 'versions')
  return ((await response.json()) as { data: readonly Version[] }).data
}

export async function restoreVersion(type: TypeInfo, id: string, version: number): Promise<void> {
  await sendContent(type, id, `versions/${version}/restore`, { method: 'POST' })
}

export async function readInfo(type: TypeInfo, id: string): Promise<WikiInfo> {
  return (await (await sendContent(type, id, 'info')).json()) as WikiInfo
}

/** Refused for a wiki whose tiddlers cannot be told apart, such as an encrypted one; then nothing is changed. */
export async function convertTo(type: TypeInfo, id: string, storage: Storage): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await sendContent(type, id, 'convert', { method: 'POST', headers, body: JSON.stringify({ storage }) })
}

/** Puts a single-file wiki into this one, as a new version. */
export async function importFile(type: TypeInfo, id: string, file: Blob): Promise<ImportResult> {
  const headers = { 'content-type': 'text/html; charset=utf-8' }
  const response = await sendContent(type, id, 'import', { method: 'POST', headers, body: file })
  return (await response.json()) as ImportResult
}

/** The wiki as one file that needs no server. */
export async function exportFile(type: TypeInfo, id: string): Promise<Blob> {
  return (await sendContent(type, id, 'export')).blob()
}

/** @param path below the wiki @param name of the file that the browser stores */
export async function download(type: TypeInfo, id: string, path: string, name: string): Promise<void> {
  const url = URL.createObjectURL(await (await sendContent(type, id, path)).blob())
  const anchor = Object.assign(document.createElement('a'), { href: url, download: name })
  anchor.click()
  // The browser has taken hold of the file by the next turn of its loop; a minute is certain.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
