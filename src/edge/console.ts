// The web console at `/`: static files that somebody else made, and the one answer about a session that the edge itself knows.

import type { ConsoleFiles } from '../resource-type.ts'
import { serveKept } from './assets.ts'
import type { ControlCaller } from './authorize.ts'
import type { EdgeContext } from './deployment.ts'

/** The console loads nothing from elsewhere, is framed by nobody, and its forms lead nowhere else. */
const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    // A component library measures and places by `style` attributes.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  // A wiki that the console opens, or that opened the console, holds no handle on its window.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** The console's page. It is the same for everybody, and asks by itself who is signed in. */
export async function serveConsole({ page }: ConsoleFiles, request: Request, requestId: string): Promise<Response> {
  const headers = new Headers(PAGE_HEADERS)
  headers.set('x-request-id', requestId)
  return serveKept(page, request, headers)
}

/** `GET /v1/session`: who is signed in, and what there is to manage. */
export function serveSession(context: EdgeContext, { account, role }: ControlCaller): Response {
  return Response.json({
    account,
    role,
    /** Accounts that are in no list of them, though they may have resources. */
    ...(role === 'operator' ? { own_accounts: [context.defaultAccount, ...context.formerAccounts] } : {}),
    types: context.types.map(({ name, plural, visibility }) => ({ name, plural, visibility })),
    cells: Object.keys(context.cells),
    /** 0: what is deleted is gone at once, and people are asked before. */
    delete_retention_seconds: context.config.timers.deleteRetentionMs / 1000,
    /** Where content is opened: on an origin of its own, or below a path with a capability. */
    content: context.config.pathCapabilities ? 'path' : 'own',
  })
}
