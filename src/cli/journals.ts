// biplane usage, audit, events: what is told about an account as a whole.

import { Option, type Command } from 'commander'
import type { AccountUsage, AuditJson, EventJson, UsageRow } from '../client/index.ts'
import { toMoment, toSize } from './output.ts'
import type { Column } from './table.ts'
import { given, limitOption, timeOption } from './values.ts'
import { addVerb } from './verb.ts'

const NOW: readonly Column<readonly [string, AccountUsage]>[] = [
  { title: 'TYPE', value: ([type]) => type },
  { title: 'RESOURCES', value: ([, { resources }]) => resources, align: 'right' },
  { title: 'DELETED', value: ([, { deleted }]) => deleted, align: 'right' },
  { title: 'SIZE', value: ([, { bytes }]) => toSize(bytes), align: 'right' },
  { title: 'HOLD', value: ([, { hold }]) => hold },
]

const DAYS: readonly Column<UsageRow>[] = [
  { title: 'DAY', value: ({ day }) => day },
  { title: 'RESOURCE', value: ({ resource }) => resource },
  { title: 'SIZE', value: ({ bytes }) => toSize(bytes), align: 'right' },
  { title: 'REQUESTS', value: ({ requests }) => requests, align: 'right' },
  { title: 'WRITES', value: ({ writes }) => writes, align: 'right' },
]

const AUDIT: readonly Column<AuditJson>[] = [
  { title: 'TIME', value: ({ time }) => toMoment(time) },
  { title: 'ACTOR', value: ({ actor }) => actor },
  { title: 'ACTION', value: ({ action }) => action },
  { title: 'RESOURCE', value: ({ resource }) => resource },
  { title: 'OUTCOME', value: ({ outcome }) => outcome },
  { title: 'REQUEST', value: ({ request_id }) => request_id },
]

const EVENTS: readonly Column<EventJson>[] = [
  { title: 'TIME', value: ({ time }) => toMoment(time) },
  { title: 'KIND', value: ({ kind }) => kind },
  { title: 'RESOURCE', value: ({ resource }) => resource },
  { title: 'DATA', value: ({ data }) => (Object.keys(data).length === 0 ? undefined : JSON.stringify(data)) },
]

interface UsageFlags {
  readonly from?: string
  readonly until?: string
  readonly resource?: string
}

export function addJournals(program: Command): void {
  addVerb<UsageFlags>(program, {
    usage: 'usage',
    summary: 'what the account has now, and its usage by day and resource',
    options: [
      timeOption('from', 'from this day (default: 30 days before --until)'),
      timeOption('until', 'before this time (default: now)'),
      new Option('--resource <id>', 'one resource alone'),
    ],
    examples: ['usage', 'usage --from 2026-01-01 --until 2026-02-01 --json', 'usage --account account-...'],
    async run({ client, out, flags: { from, until, resource } }) {
      const list = client.usage(given({ from, until, resource }))
      const { account, now, report_interval_seconds } = await list.page()
      if (out.isJson) return out.one({ account, report_interval_seconds, now, data: await list.all() })
      await out.table(Object.entries(now), NOW)
      out.note(`\nBy day; resources report at most every ${report_interval_seconds} s:`)
      await out.list(list, DAYS)
    },
  })

  addVerb<{ readonly limit?: number }>(program, {
    usage: 'audit',
    summary: 'who asked for which change, oldest first',
    options: [limitOption()],
    examples: ['audit --json', 'audit --account account-... --limit 50'],
    run: async ({ client, out, flags: { limit } }) => {
      await out.list(client.audit(), AUDIT, limit)
    },
  })

  addVerb<{ readonly after?: string; readonly follow?: boolean; readonly limit?: number }>(program, {
    usage: 'events',
    summary: 'what happened to resources, oldest first',
    options: [
      new Option('--after <cursor>', 'only what happened since (default: from the oldest that is kept)'),
      new Option('--follow', 'go on with what is new, until it is ended'),
      limitOption(),
    ],
    examples: ['events', 'events --follow --json'],
    run: async ({ client, out, flags: { after, follow, limit } }) => {
      // A page as long as what is printed, so that its cursor is the place after the last line.
      const size = limit === undefined ? {} : { limit }
      const cursor = await out.list(client.events({ ...given({ after, follow }), ...size }), EVENTS, limit)
      if (cursor !== undefined) out.note(`To go on from here: --after ${cursor}`)
    },
  })
}
