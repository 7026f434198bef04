// biplane export: everything that the caller may see of a deployment, an account or a resource, into one file.

import type { ArchivedResource, Client, Session } from '../../client/index.ts'
import { BiplaneError } from '../../client/errors.ts'
import { sleep } from '../../client/transport.ts'
import { EngineError } from '../../engine/engine-error.ts'
import { parseResourceId } from '../../identity/resource-id.ts'
import { addressOf, type Address } from '../connection.ts'
import { toSize } from '../output.ts'
import { progressOf, type Progress } from '../progress.ts'
import type { Context } from '../verb.ts'
import { fetchContent } from './content.ts'
import { ArchiveWriter } from './writer.ts'

export interface ExportFlags {
  readonly out: string
  readonly type?: string
}

const ACCOUNTS = { name: 'account', plural: 'accounts' } as const

type Type = Pick<Session['types'][number], 'name' | 'plural'>

/** What is exported: of each account, these types; before it, perhaps accounts themselves. */
interface Scope {
  /** Rows of accounts: all, one, or none. */
  readonly accountRows: 'all' | readonly string[]
  readonly accounts: readonly string[]
  readonly types: readonly Type[]
  /** One resource alone. */
  readonly id?: string
}

export async function exportArchive(context: Context<ExportFlags>): Promise<void> {
  const { client, flags, args, out } = context
  const session = await client.session()
  const scope = await toScope(session, flags, args[0] ?? '')
  const exporter = new Exporter(client, addressOf(flags), scope)
  const end = await exporter.run(flags.out, session)
  for (const id of exporter.skipped)
    out.note(`Not exported: ${id}: it is not finished, or its identifier is the platform's own`)
  // A script must not take it for all that there is.
  if (exporter.skipped.length > 0) process.exitCode = 1
  await out.one({ file: flags.out, ...end, skipped: exporter.skipped.length })
}

/** @throws EngineError for a type that there is not */
async function toScope(
  session: Session,
  { type: asked, account }: ExportFlags & { readonly account?: string },
  id: string,
): Promise<Scope> {
  const isOperator = session.role === 'operator'
  const name = asked ?? (id === '' ? undefined : parseResourceId(id)?.type)
  const types =
    name === undefined ? session.types : session.types.filter((type) => type.name === name || type.plural === name)
  if (id !== '' && name === ACCOUNTS.name) return { accountRows: [id], accounts: [], types: [] }
  if (types.length === 0 || (id !== '' && name === undefined)) {
    const known = session.types.map((type) => type.name).join(', ')
    throw new EngineError(
      `what is "${id === '' ? String(name) : id}"?`,
      `the server has these types: ${known}`,
      'Check the spelling.',
      2,
    )
  }
  if (id !== '') return { accountRows: [], accounts: [account ?? session.account], types, id }
  if (!isOperator || account !== undefined) {
    const own = session.own_accounts?.includes(session.account) === true || !isOperator
    // Without its row an account's resources cannot be imported elsewhere; only the operator may have it.
    return { accountRows: own ? [] : [session.account], accounts: [session.account], types }
  }
  return { accountRows: 'all', accounts: session.own_accounts ?? [session.account], types }
}

/** Requests for one resource, when the server is restarting: half a minute in all. */
const ATTEMPTS = 7
const PAUSE_MS = 500

class Exporter {
  readonly skipped: string[] = []
  /** Identifiers. */
  readonly #written = new Set<string>()
  readonly #client: Client
  readonly #address: Address
  readonly #scope: Scope
  #progress: Progress = () => {}
  #total = 0
  #done = 0

  constructor(client: Client, address: Address, scope: Scope) {
    this.#client = client
    this.#address = address
    this.#scope = scope
  }

  async run(path: string, session: Session): Promise<Awaited<ReturnType<ArchiveWriter['finish']>>> {
    const { accountRows, types } = this.#scope
    const names = [...(accountRows.length === 0 ? [] : [ACCOUNTS.name]), ...types.map(({ name }) => name)]
    const [first] = this.#scope.types
    const from = first === undefined ? this.#client.resources(ACCOUNTS.plural) : this.#client.resources(first.plural)
    const { deployment } = await from.exportRows({ limit: 1 }).page()
    const header = { deployment, create_time: new Date().toISOString(), types: names }
    const writer = await ArchiveWriter.create(path, header)
    this.#progress = progressOf('export')
    try {
      await this.#fill(writer, session)
    } catch (thrown) {
      await writer.abandon()
      throw thrown
    }
    const end = await writer.finish()
    this.#progress(1, `${this.#done} resources, ${toSize(end.content_bytes)}`)
    return end
  }

  async #fill(writer: ArchiveWriter, session: Session): Promise<void> {
    const { accountRows, types } = this.#scope
    if (session.role === 'operator' && accountRows === 'all')
      for (const { name, policy, epoch } of await this.#client.types.list())
        await writer.policy({ type: name, policy, epoch })
    const accounts = [...this.#scope.accounts]
    for (const account of await this.#exportAccounts(writer)) if (accountRows === 'all') accounts.push(account)
    for (const account of accounts) await this.#count(account)
    for (const account of accounts) for (const type of types) await this.#exportRows(writer, type, account)
  }

  /** @returns those that may have resources */
  async #exportAccounts(writer: ArchiveWriter): Promise<string[]> {
    const { accountRows } = this.#scope
    const owner = this.#scope.accounts[0] ?? ''
    if (accountRows !== 'all') {
      for (const id of accountRows)
        for await (const row of this.#client.resources(ACCOUNTS.plural).exportRows({ resource: id }))
          await this.#exportRow(writer, ACCOUNTS, owner, row)
      return []
    }
    const found: string[] = []
    try {
      for await (const page of this.#client.resources(ACCOUNTS.plural).exportRows({ limit: 200 }).pages()) {
        this.skipped.push(...page.skipped)
        for (const row of page.data) {
          await this.#exportRow(writer, ACCOUNTS, owner, row)
          found.push(row.id)
        }
      }
    } catch (thrown) {
      // Whoever signs people in by himself keeps his accounts by himself: he names each with --account.
      if (!(thrown instanceof BiplaneError) || thrown.code !== 'not_found') throw thrown
    }
    return found
  }

  async #count(account: string): Promise<void> {
    if (this.#scope.id !== undefined) {
      this.#total = 1
      return
    }
    const { now } = await this.#client.forAccount(account).usage({ limit: 1 }).page()
    for (const { name } of this.#scope.types) this.#total += (now[name]?.resources ?? 0) + (now[name]?.deleted ?? 0)
  }

  async #exportRows(writer: ArchiveWriter, type: Type, account: string): Promise<void> {
    const { id } = this.#scope
    const resources = this.#client.forAccount(account).resources(type.plural)
    for await (const page of resources.exportRows(id === undefined ? { limit: 200 } : { resource: id }).pages()) {
      this.skipped.push(...page.skipped)
      for (const row of page.data) await this.#exportRow(writer, type, account, row)
    }
  }

  async #exportRow(writer: ArchiveWriter, type: Type, account: string, row: ArchivedResource): Promise<void> {
    const body = { type: type.name, row }
    // It was given to an account that came later, or its name was used again: once is enough, twice is no archive.
    if (this.#written.has(row.id)) return
    this.#written.add(row.id)
    if (row.state === 'purged') return writer.row(body)
    for (let attempt = 1; ; attempt++) {
      try {
        const content = await fetchContent(this.#address, { plural: type.plural, id: row.id, account })
        await writer.rowWithContent(body, content)
        break
      } catch (thrown) {
        const failure = thrown instanceof BiplaneError ? thrown : undefined
        // It has come to another state since its row was read.
        if (failure?.code === 'deleted' || failure?.code === 'not_found')
          return this.#exportAgain(writer, type, account, row.id)
        const isPassing = failure?.retryable ?? isBrokenOff(thrown)
        if (!isPassing || attempt === ATTEMPTS) throw thrown
        await sleep(PAUSE_MS * 2 ** (attempt - 1))
      }
    }
    this.#done++
    const part = Math.min(this.#done / Math.max(this.#total, 1), 0.999)
    this.#progress(part, `${this.#done} resources, ${toSize(writer.contentBytes)}`)
  }

  async #exportAgain(writer: ArchiveWriter, type: Type, account: string, id: string): Promise<void> {
    const client =
      type === ACCOUNTS
        ? this.#client.resources(ACCOUNTS.plural)
        : this.#client.forAccount(account).resources(type.plural)
    try {
      const { data } = await client.exportRows({ resource: id }).page()
      const purged = data.find(({ state }) => state === 'purged')
      if (purged === undefined) this.skipped.push(id)
      else await writer.row({ type: type.name, row: purged })
    } catch (thrown) {
      // Given to another account, with which it is exported, or forgotten.
      if (!(thrown instanceof BiplaneError) || thrown.code !== 'not_found') throw thrown
      this.skipped.push(id)
    }
  }
}

/** The server went away in the middle of a stream. */
function isBrokenOff(thrown: unknown): boolean {
  const { code } = (thrown ?? {}) as { code?: unknown }
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}
