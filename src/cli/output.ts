// What a command says on stdout: tables and fields for people, JSON for programs.

import { once } from 'node:events'
import type { Page } from '../client/index.ts'
import { Table, toJson, toPlain, widthOf, type Column } from './table.ts'

/** As much of a list as is printed. */
interface Pages<T> {
  pages(): AsyncIterable<Page<T> & { readonly unreachable?: readonly string[] }>
}

export class Output {
  readonly isJson: boolean

  constructor(isJson: boolean) {
    this.isJson = isJson
  }

  /** One thing: its members, one a line. */
  async one(value: object): Promise<void> {
    if (this.isJson) return this.#write(`${toJson(value, 2)}\n`)
    const fields = Object.entries(value).filter(([, member]) => !isEmpty(member))
    const width = Math.max(0, ...fields.map(([name]) => widthOf(name)))
    const lines = fields.map(([name, member]) => `${name.padEnd(width)}  ${toPlain(toText(member))}`)
    await this.#write(`${lines.join('\n')}\n`)
  }

  /** Page by page, so that a long list needs no memory. @param limit items at most @returns the cursor after the last page */
  async list<T>(list: Pages<T>, columns: readonly Column<T>[], limit: number = Infinity): Promise<string | undefined> {
    const table = new Table(columns, process.stdout.isTTY ? process.stdout.columns : Infinity)
    let left = limit
    let cursor: string | undefined
    let isFirst = true
    for await (const { data, next_cursor: next, unreachable = [] } of list.pages()) {
      if (unreachable.length > 0) {
        this.note(`These did not answer, what they hold is missing: ${unreachable.join(', ')}`)
        process.exitCode = 1
      }
      const items = data.slice(0, left)
      left -= items.length
      cursor = next
      if (items.length > 0) await this.#items(items, table)
      isFirst &&= items.length === 0
      // Whoever reads it may have left.
      if (left === 0 || process.stdout.destroyed) break
    }
    if (isFirst && !this.isJson) this.note('There are none.')
    return cursor
  }

  /** What is there already. */
  table<T>(items: readonly T[], columns: readonly Column<T>[]): Promise<unknown> {
    return this.list(
      {
        pages: async function* () {
          yield { data: items }
        },
      },
      columns,
    )
  }

  /** A line for people beside the result: on stderr. */
  note(text: string): void {
    process.stderr.write(`${text.split('\n').map(toPlain).join('\n')}\n`)
  }

  #items<T>(items: readonly T[], table: Table<T>): Promise<void> {
    const lines = this.isJson ? items.map((item) => toJson(item)) : table.lines(items)
    return this.#write(`${lines.join('\n')}\n`)
  }

  async #write(text: string): Promise<void> {
    if (process.stdout.destroyed || process.stdout.write(text)) return
    await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')])
  }
}

function isEmpty(member: unknown): boolean {
  if (member === null || member === undefined) return true
  return typeof member === 'object' && Object.keys(member).length === 0
}

function toText(member: unknown): string {
  if (Array.isArray(member) && member.every((item) => typeof item === 'string')) return member.join(', ')
  return typeof member === 'string' ? member : JSON.stringify(member)
}

/** `1.5 MiB` */
export function toSize(bytes: number | undefined): string | undefined {
  if (bytes === undefined) return undefined
  let value = bytes
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024) return `${unit === 'B' ? value : value.toFixed(1)} ${unit}`
    value /= 1024
  }
  return `${value.toFixed(1)} TiB`
}

/** To the second: `2026-01-31 12:00:00`, UTC as everything. */
export function toMoment(time: string | undefined): string | undefined {
  return time?.replace('T', ' ').replace(/(\.\d+)?Z$/, '')
}
