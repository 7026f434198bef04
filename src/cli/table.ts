// Columns of text, aligned. Pure: text in, text out.

export interface Column<T> {
  readonly title: string
  readonly value: (item: T) => string | number | null | undefined
  /** Default: left, and right for numbers. */
  readonly align?: 'right'
}

/** Between two columns. */
const GAP = 2
/** Below this a column says nothing any more: the line may then be longer than the terminal. */
const LEAST_WIDTH = 8
const ABSENT = '-'

/** Characters that fill two cells of a terminal: East Asian wide ones, and pictures. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u
/** Characters that fill none. */
const ZERO = /^(?:\p{Mn}|\p{Me}|\p{Cf})+$/u
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** What somebody else wrote, without anything that would steer the terminal. */
export function toPlain(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD')
}

/** The same in JSON, which says it in another way and stays what it means. C0 is escaped there by itself. */
export function toJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replaceAll(
    /[\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Cells of a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += WIDE.test(segment) ? 2 : ZERO.test(segment) ? 0 : 1
  return width
}

export class Table<T> {
  readonly #columns: readonly Column<T>[]
  readonly #maxWidth: number
  #widths: number[] | undefined

  /** @param maxWidth of a line; Infinity where nobody's terminal is */
  constructor(columns: readonly Column<T>[], maxWidth: number = Infinity) {
    this.#columns = columns
    this.#maxWidth = maxWidth
  }

  /** Lines for some items, with a head before the first ones; later ones keep the widths, so that a list can be printed as it comes. */
  lines(items: readonly T[]): string[] {
    const rows = items.map((item) => this.#columns.map(({ value }) => toPlain(String(value(item) ?? ABSENT))))
    const head = this.#widths === undefined ? [this.#columns.map(({ title }) => title)] : []
    this.#widths ??= fit(
      this.#columns.map((_, index) => Math.max(...[...head, ...rows].map((row) => widthOf(row[index] ?? '')))),
      this.#maxWidth,
    )
    return [...head, ...rows].map((row) => this.#line(row))
  }

  #line(row: readonly string[]): string {
    const isCut = this.#maxWidth !== Infinity
    const cells = row.map((text, index) => {
      const width = this.#widths?.[index] ?? 0
      const shown = isCut ? cut(text, width) : text
      const padding = ' '.repeat(Math.max(0, width - widthOf(shown)))
      return this.#columns[index]?.align === 'right' ? padding + shown : shown + padding
    })
    return cells.join(' '.repeat(GAP)).trimEnd()
  }
}

/** The widest column gives way, a cell at a time, until the line fits. */
function fit(widths: readonly number[], maxWidth: number): number[] {
  const fitted = [...widths]
  const room = maxWidth - GAP * (widths.length - 1)
  while (fitted.reduce((sum, width) => sum + width, 0) > room) {
    const widest = Math.max(...fitted)
    if (widest <= LEAST_WIDTH) break
    fitted[fitted.indexOf(widest)] = widest - 1
  }
  return fitted
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let used = 0
  for (const { segment } of segmenter.segment(text)) {
    used += widthOf(segment)
    if (used > width - 1) break
    kept += segment
  }
  return `${kept}…`
}
