// What the audit log and the feed of events must say about a run: every change once, in an order that makes sense, and nothing else.

import { isDeepStrictEqual } from 'node:util'
import type { AuditJson, EventJson } from '../../src/wire/journal.ts'
import type { Page } from '../support/tenant.ts'
import type { Client, ExpectedAudit } from './client.ts'
import { ACCOUNTS, type ExpectedEvent, type Move } from './model.ts'
import { agree, require } from './violation.ts'

/** @throws Violation */
export async function checkAudit(clients: readonly Client[]): Promise<number> {
  const byRequest = grouped(await entriesOf(clients[0] as Client), ({ request_id }) => request_id)
  const count = [...byRequest.values()].flat().length
  for (const expected of clients.flatMap(({ audits }) => audits)) {
    const entries = expected.attempts.flatMap((requestId) => byRequest.get(requestId) ?? [])
    checkEntries(expected, entries, byRequest)
    for (const requestId of expected.attempts) byRequest.delete(requestId)
  }
  agree('JN1', 'entries of the audit log about nothing that was asked for', [...byRequest.values()].flat(), [])
  return count
}

async function entriesOf(client: Client): Promise<AuditJson[]> {
  const all = await Promise.all(ACCOUNTS.map((account) => follow<AuditJson>(client, account, 'audit')))
  return all.flat()
}

function checkEntries(
  { account, action, attempts, least, most, refusal, resource }: ExpectedAudit,
  entries: readonly AuditJson[],
  byRequest: ReadonlyMap<string, readonly AuditJson[]>,
): void {
  const what = `the audit log about "${action}" of ${resource ?? 'something new'} by ${attempts.join(', ')}`
  const said = JSON.stringify(entries)
  require('JN1', `${what} names account and action: ${said}`, entries.every(
    (one) => one.account === account && one.action === action,
  ))
  require('JN1', `${what} names the resource: ${said}`, resource === undefined ||
    entries.every((one) => one.resource === resource))
  const made = entries.filter(({ outcome }) => outcome === 'ok')
  require('JN1', `${what} has ${least} to ${most} entries "ok": ${said}`, made.length >= least && made.length <= most)
  if (resource === undefined && made.length > 1 && action === 'create')
    agree('JN1', `${what} names each resource once`, new Set(made.map((one) => one.resource)).size, made.length)
  for (const requestId of attempts) {
    const refused = (byRequest.get(requestId) ?? []).filter(({ outcome }) => outcome !== 'ok')
    const isLast = requestId === attempts.at(-1)
    const codes = refused.map(({ outcome }) => outcome)
    if (refusal === undefined) agree('JN1', `refusals in ${what}`, codes, [])
    else if (isLast) agree('JN1', `refusals in ${what}`, codes, [refusal])
    else
      require('JN1', `${what} has one refusal at most: ${said}`, codes.length <= 1 &&
        codes.every((code) => code === refusal))
  }
}

/** @returns how many creations were refused by their type: their identifiers are known from here alone @throws Violation */
export async function checkEvents(clients: readonly Client[]): Promise<{ count: number; refused: number }> {
  const anybody = clients[0] as Client
  const feeds = await Promise.all(ACCOUNTS.map((account) => follow<EventJson>(anybody, account, 'events')))
  const events = feeds.flat()
  agree(
    'JN2',
    'events that came twice',
    events.length - new Set(events.map((one) => `${one.account} ${one.id}`)).size,
    0,
  )
  const byResource = grouped(events, ({ resource }) => resource)
  for (const { id, events: expected, moves } of clients.flatMap(({ model }) => model.resources)) {
    const all = byResource.get(id) ?? []
    checkMoves(id, moves, all.filter(isMove))
    const said = all.filter((event) => !isMove(event))
    for (const account of ACCOUNTS) {
      const kinds = said.filter((one) => one.account === account).map(({ kind }) => kind)
      checkSequence(
        `events of ${account} about ${id}`,
        kinds,
        expected.filter((one) => one.account === account),
      )
    }
    byResource.delete(id)
  }
  for (const [id, others] of byResource)
    agree(
      'CP10',
      `events about ${id}, which nobody has`,
      others.map(({ kind }) => kind),
      ['create_failed', 'purged'],
    )
  return { count: events.length, refused: byResource.size }
}

function isMove({ kind }: EventJson): boolean {
  return kind === 'moved'
}

/** Each that succeeded, once and in its account's order, wherever it is among the events of what happened meanwhile. */
function checkMoves(id: string, moves: readonly Move[], said: readonly EventJson[]): void {
  for (const account of ACCOUNTS) {
    const events = said.filter((one) => one.account === account)
    const left = events.map(({ data }) => data)
    for (const { from, to, isCutShort } of moves.filter((one) => one.domain.account === account && hasMoved(one))) {
      const isTold = isDeepStrictEqual(left[0], { from, to })
      require('JN2', `the feed of ${account} tells that ${id} moved to ${to}, next in ${JSON.stringify(events)}`, isTold ||
        isCutShort)
      if (isTold) left.shift()
    }
    agree('JN2', `events of ${account} about moves of ${id} that nobody asked for`, left, [])
  }
}

function hasMoved({ state }: Move): boolean {
  return state === 'succeeded'
}

/** The kinds in this order; of repeated changes as many as there may be. */
function checkSequence(what: string, kinds: readonly string[], expected: readonly ExpectedEvent[]): void {
  const runs: { kind: string; least: number; most: number }[] = []
  for (const { kind, most } of expected) {
    const last = runs.at(-1)
    if (last?.kind !== kind) runs.push({ kind, least: 1, most })
    else {
      last.least++
      last.most += most
    }
  }
  let at = 0
  for (const { kind, least, most } of runs) {
    let found = 0
    while (kinds[at] === kind && found < most) {
      at++
      found++
    }
    require('JN2', `${what} are ${kinds.join(', ')}; expected ${describe(runs)}`, found >= least)
  }
  require('JN2', `${what} are ${kinds.join(', ')}; expected ${describe(runs)}`, at === kinds.length)
}

function describe(runs: readonly { kind: string; least: number; most: number }[]): string {
  return runs.map(({ kind, least, most }) => `${kind} x ${least === most ? least : `${least}-${most}`}`).join(', ')
}

/** All that there is, from the beginning. */
async function follow<T>(client: Client, account: string, journal: 'audit' | 'events'): Promise<T[]> {
  const all: T[] = []
  for (let cursor = ''; ;) {
    const answer = await client.ask({ account, plural: '' }, `${journal}?limit=200${cursor}`)
    agree('JN2', `${journal} of ${account}`, answer.status, 200)
    const page = answer.body as Page<T>
    all.push(...page.data)
    // A feed has no end, but a page without anything.
    if (page.next_cursor === undefined || page.data.length === 0) return all
    cursor = `&cursor=${page.next_cursor}`
  }
}

function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
