// What must be true once all is quiet: catalog, objects, files, names, counts and content agree with the model, and with each other.

import { setTimeout as wait } from 'node:timers/promises'
import { show } from './changes.ts'
import type { Client } from './client.ts'
import { SHAPES } from './intents.ts'
import {
  ACCOUNTS,
  DOMAINS,
  PLURALS,
  expectedJson,
  isSame,
  placesOf,
  shownJson,
  type Domain,
  type Life,
  type Modelled,
} from './model.ts'
import { listAll, mintFor, readWith } from './reads.ts'
import { agree, require } from './violation.ts'

/** Requests at once: enough to keep both processes busy. */
const CONCURRENCY = 8

interface Owned {
  readonly client: Client
  readonly one: Modelled
}

/** @throws Violation */
export async function checkResources(clients: readonly Client[]): Promise<void> {
  const all = clients.flatMap((client) => client.model.resources.map((one) => ({ client, one })))
  agree('ID5', 'identifiers that two clients were given', all.length - new Set(all.map(({ one }) => one.id)).size, 0)
  const anybody = clients[0] as Client
  for (const domain of DOMAINS) {
    await checkLists(anybody, domain, all)
    await checkLabels(anybody, domain, all)
  }
  for (const account of ACCOUNTS) await checkCounts(anybody, account, all)
  await inParallel(all, checkObject)
  await inParallel(all, checkContent)
  for (const domain of DOMAINS) await checkBytes(anybody, domain)
}

/** Both lists of a domain are exactly the model's, in the order of creation. */
async function checkLists(anybody: Client, domain: Domain, all: readonly Owned[]): Promise<void> {
  for (const [life, query] of [
    ['live', 'limit=200'],
    ['kept', 'limit=200&deleted=true'],
  ] as const) {
    const expected = inDomain(all, domain, life).toSorted((a, b) => (a.createTime < b.createTime ? -1 : 1))
    const shown = await listAll(anybody, domain, query)
    const what = `${life} ${show(domain)}`
    agree(
      'CP6',
      `the list of ${what}`,
      shown.map(({ id }) => id),
      expected.map(({ id }) => id),
    )
    for (const [index, one] of shown.entries())
      agree('CP1', `what is shown of ${what}`, shownJson(one), expectedJson(expected[index] as Modelled, one))
    const names = shown.flatMap(({ name }) => (name === null ? [] : [name.toLowerCase()]))
    if (life === 'live') agree('CP4', `names twice among ${what}`, names.length - new Set(names).size, 0)
    const answer = await anybody.ask(domain, `${domain.plural}/count${life === 'kept' ? '?deleted=true' : ''}`)
    agree('CP5', `the count of ${what}`, answer.body, { count: expected.length })
  }
}

/** The index by which lists are narrowed has every label that there is, and none that there was. */
async function checkLabels(anybody: Client, domain: Domain, all: readonly Owned[]): Promise<void> {
  const live = inDomain(all, domain, 'live')
  for (const shape of SHAPES) {
    const shown = await listAll(anybody, domain, `limit=200&label=shape:${shape}`)
    const expected = live.filter(({ labels }) => labels['shape'] === shape)
    agree('CP22', `${shape} ones in the list of ${show(domain)}`, idsOf(shown), idsOf(expected))
  }
}

function idsOf(list: readonly { readonly id: string }[]): string[] {
  return list.map(({ id }) => id).toSorted()
}

function inDomain(all: readonly Owned[], domain: Domain, life: Life): Modelled[] {
  return all.map(({ one }) => one).filter((one) => one.life === life && isSame(one.domain, domain))
}

/** The account's own figures: kept beside the catalog, and changed with it. */
async function checkCounts(anybody: Client, account: string, all: readonly Owned[]): Promise<void> {
  const now = await figuresOf(anybody, account)
  for (const plural of PLURALS) {
    const domain = { account, plural }
    const { resources, deleted } = now[plural.slice(0, -1)] ?? {}
    const expected = { resources: inDomain(all, domain, 'live').length, deleted: inDomain(all, domain, 'kept').length }
    agree('CP5', `counts of ${show(domain)}`, { resources, deleted }, expected)
  }
}

type Figures = Readonly<
  Record<string, { readonly resources: number; readonly deleted: number; readonly bytes: number }>
>

async function figuresOf(anybody: Client, account: string): Promise<Figures> {
  const { body } = await anybody.ask({ account, plural: '' }, 'usage?limit=1')
  return (body as { now: Figures }).now
}

/** Reports of the last writes are still on their way, and each changes both. */
const REPORTED_WITHIN_MS = 5_000

/** An account's bytes are what its rows say that their objects reported. */
async function checkBytes(anybody: Client, domain: Domain): Promise<void> {
  const end = performance.now() + REPORTED_WITHIN_MS
  for (;;) {
    const rows = (
      await Promise.all(['', '&deleted=true'].map((query) => listAll(anybody, domain, `limit=200${query}`)))
    ).flat()
    const expected = rows.reduce((sum, { usage }) => sum + (usage?.bytes ?? 0), 0)
    const bytes = (await figuresOf(anybody, domain.account))[domain.plural.slice(0, -1)]?.bytes
    if (bytes === expected) return
    if (performance.now() > end) agree('MT4', `bytes of ${show(domain)}`, bytes, expected)
    await wait(100)
  }
}

interface Place {
  readonly cell: string
}

interface Inspection {
  readonly row: {
    readonly phase: string
    readonly desired_version: number
    readonly descriptor: string
    readonly moving: string | null
    readonly place: string | null
  }
  readonly work: readonly { readonly kind: string }[]
  readonly object: {
    readonly kind: string
    readonly descriptor?: { readonly version: number; readonly mode: string }
    readonly moved?: { readonly to: Place }
  }
}

/** Row, work and object say the same. */
async function checkObject({ client, one }: Owned): Promise<void> {
  const { domain, id, life, mode } = one
  const { row, work, object } = await inspected(client, one)
  agree(
    'CP12',
    `phase and work of ${id} (${life})`,
    { phase: row.phase, work: work.map(({ kind }) => kind) },
    STORED[life],
  )
  checkPlace(one, row.place)
  const [home] = placesOf(one)
  if (life === 'purged' && one.cell !== home) {
    agree('MV8', `where the object of the purged ${id} sends to`, object.moved?.to, { cell: home })
  } else if (life === 'purged') {
    agree('RC3', `what the object of the purged ${id} holds`, object.kind, 'tombstone')
  } else {
    agree('DP1', `what the object of ${id} holds`, object.descriptor, JSON.parse(row.descriptor))
    agree('CP13', `its mode`, object.descriptor?.mode, life === 'kept' ? 'deleted' : mode)
  }
  for (const { account } of one.events.filter((event) => event.account !== domain.account)) {
    const answer = await client.ask({ ...domain, account }, `${domain.plural}/${id}`)
    agree('CP21', `${id}, asked for by ${account}, which gave it away`, answer.code, 'not_found')
  }
}

/** The other cell's part of a move that was given up is the one thing that nobody waits for. */
async function inspected(client: Client, { domain, id }: Modelled): Promise<Inspection> {
  const end = performance.now() + UNDONE_WITHIN_MS
  for (;;) {
    const { body } = await client.ask(domain, `${domain.plural}/${id}/inspect`, { role: 'operator' })
    const inspection = body as Inspection
    if (inspection.row.moving === null && inspection.object.kind !== 'unreachable') return inspection
    require('MV3', `the move of ${id} does not come to its end: ${JSON.stringify(inspection)}`, performance.now() < end)
    await wait(100)
  }
}

const UNDONE_WITHIN_MS = 15_000

/** The row knows every cell that has something of it. */
function checkPlace(one: Modelled, stored: string | null): void {
  const { at, left } = JSON.parse(stored ?? JSON.stringify({ at: { cell: one.cell }, left: [] })) as {
    readonly at: Place
    readonly left: readonly Place[]
  }
  const known = { at: at.cell, all: [at, ...left].map(({ cell }) => cell).toSorted() }
  agree('MV1', `where the row of ${one.id} says that it is and was`, known, {
    at: one.cell,
    all: placesOf(one).toSorted(),
  })
}

const STORED: Readonly<Record<Life, object>> = {
  live: { phase: 'live', work: [] },
  kept: { phase: 'live', work: ['expire'] },
  purged: { phase: 'purged', work: ['forget'] },
}

/** What was last acknowledged is there; of what was deleted, nothing is. */
async function checkContent({ client, one }: Owned): Promise<void> {
  for (const held of one.tokens.slice(-1)) await readWith(client, one, held)
  if (one.life !== 'live') return
  const held = await mintFor(client, one)
  require('AU3', `a token for ${one.id}`, held !== undefined)
  if (one.mode === 'suspended') {
    const { domain, id } = one
    const answer = await client.ask(domain, `${domain.plural}/${id}`, { method: 'PATCH', body: { mode: 'active' } })
    agree('CP7', `resuming ${id}`, answer.code, undefined)
    await client.settled(domain, id)
    one.mode = 'active'
  }
  await readWith(client, one, held)
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const workers = Array.from({ length: CONCURRENCY }, async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await work(next)
  })
  await Promise.all(workers)
}
