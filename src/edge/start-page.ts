// The page at `/` of an app without a console: says what runs here, and lets a signed-in operator create and open resources.

import type { ResourceId } from '../identity/resource-id.ts'
import { withDeadline } from '../object/deadline.ts'
import { fewAtOnce } from '../object/few-at-once.ts'
import type { ResourceType } from '../resource-type.ts'
import type { ResourceRecord } from '../wire/resource.ts'
import { hasOperatorSession, type ControlCaller } from './authorize.ts'
import type { EdgeContext } from './deployment.ts'
import { signInLink } from './links.ts'
import { escapeHtml, pageResponse } from './page.ts'
import { callControlPlane } from './to-control-plane.ts'
import type { Edge } from './edge.ts'

/** The operator's link to a resource's own origin may be used for a day of work. */
const OPERATOR_LINK_SECONDS = 12 * 3_600
const SHOWN_PER_TYPE = 100
/** A browser that may have a session already does not wait longer for a control plane that is slow or dead. */
const LINK_DEADLINE_MS = 1_000

export async function serveStartPage(
  edge: Edge,
  context: EdgeContext,
  request: Request,
  origin: string,
  requestId: string,
): Promise<Response> {
  const isSignedIn = await hasOperatorSession(context, edge.cache, request, origin)
  const caller = operator(context, requestId)
  const sections = isSignedIn ? await fewAtOnce(context.types, (type) => section(context, type, caller)) : [SIGN_IN]
  return pageResponse(sections.join(''), requestId)
}

/** Where the operator's browser opens a resource; undefined when the control plane does not answer. */
export async function linkForOperator(
  edge: Edge,
  context: EdgeContext,
  type: ResourceType,
  id: ResourceId,
  path: string,
  requestId: string,
): Promise<string | undefined> {
  try {
    const grant = callControlPlane(context, type, operator(context, requestId), 'grant', { id: id.id })
    const { generation } = await withDeadline(grant, LINK_DEADLINE_MS, 'The control plane')
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      type: type.name,
      resource: id.id,
      permission: 'write',
      generation,
      endsAt: now + OPERATOR_LINK_SECONDS,
    } as const
    return await signInLink({ context, hosts: edge.hosts }, { claims, plural: type.plural }, path)
  } catch {
    // Without the control plane the browser still gets to the resource, with the session that it may have there.
    return undefined
  }
}

async function section(context: EdgeContext, type: ResourceType, caller: ControlCaller): Promise<string> {
  const { data, next } = await callControlPlane(context, type, caller, 'list', { after: 0, limit: SHOWN_PER_TYPE })
  const rows = data.map((record) => row(type, record)).join('')
  return `<section><h2>${escapeHtml(type.plural)}</h2>
    <form method="post" action="/v1/${type.plural}">
      <label>Name <input name="name" required maxlength="100" autocomplete="off"></label> <button>Create</button>
    </form>
    ${rows === '' ? '<p>None yet.</p>' : `<table><thead><tr><th>Name</th><th>State</th><th>Cell</th><th>Identifier</th></tr></thead><tbody>${rows}</tbody></table>`}
    ${next === undefined ? '' : `<p>The oldest ${SHOWN_PER_TYPE} are shown; the API lists all.</p>`}
  </section>`
}

function row(type: ResourceType, record: ResourceRecord): string {
  const cells = [record.state, record.cell, record.id].map((text) => `<td>${escapeHtml(text)}</td>`).join('')
  return `<tr><td><a href="/${type.plural}/${record.id}/">${escapeHtml(record.name ?? '(no name)')}</a></td>${cells}</tr>`
}

/** How to get in: the printed link, or the key. */
export const SIGN_IN = `<p>Open the sign-in link that the server printed when it started, or sign in with the operator key.</p>
  <form method="post" action="/sign-in">
    <label>Operator key <input name="key" type="password" required autocomplete="current-password"></label> <button>Sign in</button>
  </form>`

function operator(context: EdgeContext, requestId: string): ControlCaller {
  return { account: context.defaultAccount, role: 'operator', limits: {}, requestId }
}
