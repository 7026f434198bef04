// Biplane inside a Worker that has routes and a sign-in of its own: `createApp` is given the sign-in, and `fetch` the paths that are
// not ours. Everything else that the app is (its classes, its manifest) is passed on.

import { createApp } from 'biplane'
import { wiki } from 'biplane/types/wiki'
import { cookieFor, sessionOf } from './sign-in.ts'

const app = createApp({
  types: [wiki],
  async authenticate(request, env) {
    const session = await sessionOf(request, env)
    return session && { account: session.company, role: session.role, limits: { resources: 3 } }
  },
  // Everybody in a company may create and read; only its admins delete.
  authorize: (caller, action) => action !== 'delete' || caller.role === 'admin',
})

export default {
  ...app,
  async fetch(request: Request, env: unknown, ctx: ExecutionContext): Promise<Response> {
    const { hostname, pathname } = new URL(request.url)
    // A resource's own origin is the resource's alone.
    if (hostname.endsWith('.localhost')) return app.fetch(request, env, ctx)
    if (pathname === '/') return new Response('Welcome to Example, where companies keep their wikis.\n')
    if (pathname === '/log-in' && request.method === 'POST') return logIn(request, env)
    if (pathname === '/dashboard') return dashboard(request, env, ctx)
    return app.fetch(request, env, ctx)
  },
}

async function logIn(request: Request, env: unknown): Promise<Response> {
  const form = new URLSearchParams(await request.text())
  const cookie = await cookieFor(form.get('person') ?? '', form.get('password') ?? '', env)
  if (cookie === undefined) return new Response('Wrong name or password.\n', { status: 401 })
  return new Response(null, { status: 303, headers: { location: '/dashboard', 'set-cookie': cookie } })
}

/** A page of ours that asks the control plane from code. */
async function dashboard(request: Request, env: unknown, ctx: ExecutionContext): Promise<Response> {
  const session = await sessionOf(request, env)
  if (session === undefined) return new Response('Log in first.\n', { status: 401 })
  const control = app.control(env, ctx, { account: session.company, role: session.role })
  const { data } = await control('wiki', 'list', { after: 0, limit: 100 })
  const names = data.map((record) => `- ${record.name ?? record.id}\n`).join('')
  return new Response(`Wikis of ${session.company}:\n${names}`)
}
