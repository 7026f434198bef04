// Results as data, and as a table.

import { median, type Measured } from './paired.ts'

/** One line of the table: a quantity of the baseline, the same of Biplane, their ratio, and what the ratio should be. */
export interface Comparison {
  readonly row: string
  readonly what: string
  readonly unit: string
  /** Absent where there is nothing to compare with. */
  readonly baseline?: number
  readonly biplane: number
  /** Median of the rounds' own ratios. */
  readonly ratio?: number
  /** Smallest and largest ratio of a round. */
  readonly range?: readonly [number, number]
  readonly goal?: Goal
  readonly met?: boolean
}

export type Goal = { readonly atLeast: number } | { readonly atMost: number }

export interface Quantity<T = Measured> {
  readonly what: string
  readonly unit: string
  of(round: T): number
}

export const THROUGHPUT: Quantity<Pick<Measured, 'perSecond'>> = {
  what: 'throughput',
  unit: 'req/s',
  of: (round) => round.perSecond,
}
export const P50: Quantity = { what: 'p50', unit: 'ms', of: (round) => round.p50Ms }
export const P99: Quantity = { what: 'p99', unit: 'ms', of: (round) => round.p99Ms }

export function compareRounds<T>(
  row: string,
  quantity: Quantity<T>,
  baseline: readonly T[],
  biplane: readonly T[],
  goal?: Goal,
): Comparison {
  const { what, unit } = quantity
  const of = (round: T): number => quantity.of(round)
  const ratios = biplane.map((round, index) => of(round) / of(baseline[index] as T))
  return {
    ...compare(row, what, unit, median(baseline.map(of)), median(biplane.map(of)), goal, median(ratios)),
    range: [Math.min(...ratios), Math.max(...ratios)],
  }
}

export function compare(
  row: string,
  what: string,
  unit: string,
  baseline: number,
  biplane: number,
  goal?: Goal,
  ratio: number = biplane / baseline,
): Comparison {
  const base = { row, what, unit, baseline, biplane, ratio }
  if (goal === undefined) return base
  return { ...base, goal, met: 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost }
}

/** A quantity that explains the others. */
export function single(row: string, what: string, unit: string, biplane: number): Comparison {
  return { row, what, unit, biplane }
}

const HEADINGS = ['', '', 'baseline', 'biplane', '', 'ratio', 'rounds', 'goal', '']

/** Columns of numbers, to the right. */
const NUMBERS: ReadonlySet<number> = new Set([2, 3, 5])

export function toTable(comparisons: readonly Comparison[]): string {
  const rows = [HEADINGS, ...comparisons.map(toCells)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          NUMBERS.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function toCells(line: Comparison): string[] {
  const { goal, range } = line
  return [
    line.row,
    line.what,
    line.baseline === undefined ? '' : toText(line.baseline),
    toText(line.biplane),
    line.unit,
    line.ratio?.toFixed(2) ?? '',
    range === undefined ? '' : `${range[0].toFixed(2)} to ${range[1].toFixed(2)}`,
    goal === undefined ? '' : 'atLeast' in goal ? `>= ${goal.atLeast}` : `<= ${goal.atMost}`,
    line.met === undefined ? '' : line.met ? 'met' : 'MISSED',
  ]
}

/** Three significant digits, and whole numbers from a hundred on. */
function toText(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
