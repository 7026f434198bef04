// biplane export: everything that the caller may see of a deployment, an account or a resource, into one file.

import type { Client, Session } from '../../client/index.ts'
import { BiplaneError } from '../../client/errors.ts'
import { parseResourceId } from '../../identity/resource-id.ts'
import { addressOf } from '../connection.ts'
import { toSize } from '../output.ts'
import { progressOf, type Progress } from '../progress.ts'
import type { Context } from '../verb.ts'
import { RowExporter, type Exported } from './export-row.ts'
import { ACCOUNTS, toScope, type ExportedType, type Scope } from './export-scope.ts'
import { ArchiveWriter } from './writer.ts'

export interface ExportFlags {
  readonly out: string
  readonly type?: string
}

const PAGE_ROWS = 200

export async function exportArchive(context: Context<ExportFlags>): Promise<void> {
  const { client, flags, args, out } = context
  const session = await client.session()
  const scope = toScope(session, { type: flags.type, account: flags.account, id: args[0] ?? '' })
  const writer = await ArchiveWriter.create(flags.out, await headerOf(client, scope))
  const exporter = new Exporter(client, new RowExporter(client, addressOf(flags), writer), writer, scope)
  const stopWatching = onInterrupt(() => writer.remove())
  try {
    await exporter.run(session)
  } catch (thrown) {
    await writer.abandon()
    throw thrown
  } finally {
    stopWatching()
  }
  const end = await writer.finish()
  for (const [id, why] of exporter.leftOut) out.note(`Not exported: ${id}: ${why}${isAccount(id) ? OWNS : ''}`)
  // A script must not take it for all that there is.
  if (exporter.leftOut.size > 0) process.exitCode = 1
  await out.one({ file: flags.out, ...end, skipped: exporter.leftOut.size })
}

/** Whoever breaks it off finds nothing of it. @returns ends that */
function onInterrupt(clean: () => void): () => void {
  const handle = (signal: NodeJS.Signals): void => {
    clean()
    // Once only: now it does what it always does.
    process.kill(process.pid, signal)
  }
  for (const signal of INTERRUPTS) process.once(signal, handle)
  return () => {
    for (const signal of INTERRUPTS) process.off(signal, handle)
  }
}

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

async function headerOf(client: Client, { accountRows, types }: Scope) {
  const [first = ACCOUNTS] = types
  const { deployment } = await client.resources(first.plural).exportRows({ limit: 1 }).page()
  const names = [...(accountRows.length === 0 ? [] : [ACCOUNTS.name]), ...types.map(({ name }) => name)]
  return { deployment, create_time: new Date().toISOString(), types: names }
}

class Exporter {
  readonly #client: Client
  readonly #rows: RowExporter
  readonly #writer: ArchiveWriter
  readonly #scope: Scope
  readonly #progress: Progress = progressOf('export')
  #total = 0
  #done = 0

  constructor(client: Client, rows: RowExporter, writer: ArchiveWriter, scope: Scope) {
    this.#client = client
    this.#rows = rows
    this.#writer = writer
    this.#scope = scope
  }

  /** Identifier -> why. */
  get leftOut(): ReadonlyMap<string, string> {
    return this.#rows.leftOut
  }

  async run(session: Session): Promise<void> {
    const { accountRows, types } = this.#scope
    if (session.role === 'operator' && accountRows === 'all')
      for (const { name, policy, epoch } of await this.#client.types.list())
        await this.#writer.policy({ type: name, policy, epoch })
    const accounts = await this.#exportAccounts()
    for (const account of accounts) await this.#count(account)
    for (const account of accounts) for (const type of types) await this.#exportRows(type, account)
    this.#show(1)
  }

  /** @returns those whose resources are exported: without its row nobody could import them */
  async #exportAccounts(): Promise<string[]> {
    const { accountRows, accounts } = this.#scope
    const listed = this.#client.resources(ACCOUNTS.plural)
    if (accountRows !== 'all') {
      for (const id of accountRows) await this.#exportPages(ACCOUNTS, '', listed.exportRows({ resource: id }).pages())
      return accounts.filter((account) => !this.leftOut.has(account))
    }
    try {
      const pages = listed.exportRows({ limit: PAGE_ROWS }).pages()
      const found = await this.#exportPages(ACCOUNTS, '', pages)
      return [...accounts, ...found.filter((account) => !this.leftOut.has(account))]
    } catch (thrown) {
      // Whoever signs people in by himself keeps his accounts by himself: he names each with --account.
      if (!(thrown instanceof BiplaneError) || thrown.code !== 'not_found') throw thrown
      return [...accounts]
    }
  }

  async #count(account: string): Promise<void> {
    if (this.#scope.id !== undefined) {
      this.#total = 1
      return
    }
    const { now } = await this.#client.forAccount(account).usage({ limit: 1 }).page()
    for (const { name } of this.#scope.types) this.#total += (now[name]?.resources ?? 0) + (now[name]?.deleted ?? 0)
  }

  async #exportRows(type: ExportedType, account: string): Promise<void> {
    const { id } = this.#scope
    const resources = this.#client.forAccount(account).resources(type.plural)
    const asked = id === undefined ? { limit: PAGE_ROWS } : { resource: id }
    await this.#exportPages(type, account, resources.exportRows(asked).pages())
  }

  /** @returns identifiers of all rows */
  async #exportPages(
    type: ExportedType,
    account: string,
    pages: AsyncIterable<{ readonly data: readonly Exported['row'][]; readonly skipped: readonly string[] }>,
  ): Promise<string[]> {
    const found: string[] = []
    for await (const { data, skipped } of pages) {
      for (const id of skipped) this.#rows.leftOut.set(id, UNFINISHED)
      for (const row of data) {
        found.push(row.id)
        await this.#rows.export({ type, account, row })
        if (row.state === 'purged') continue
        this.#done++
        this.#show(Math.min(this.#done / Math.max(this.#total, 1), 0.999))
      }
    }
    return found
  }

  #show(part: number): void {
    const missing = this.leftOut.size === 0 ? '' : `, ${this.leftOut.size} left out`
    const { contents, contentBytes } = this.#writer
    this.#progress(part, `${contents} resources, ${toSize(contentBytes)}${missing}`)
  }
}

function isAccount(id: string): boolean {
  return parseResourceId(id)?.type === ACCOUNTS.name
}

const OWNS = ' What belongs to it is not exported either.'
const UNFINISHED = "It is not finished, or its identifier is the platform's own."
