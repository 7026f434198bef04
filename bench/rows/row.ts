import type { LoadGenerator } from '../load/load-generator.ts'
import type { Comparison } from '../support/report.ts'

export interface RunContext {
  /** The repository. */
  readonly root: string
  /** An empty folder of this row. */
  readonly folder: string
  readonly load: LoadGenerator
  /** Length of one measurement of one side. */
  readonly seconds: number
  /** Measurements per side. */
  readonly rounds: number
  /** Says how far it is, on stderr. */
  readonly say: (text: string) => void
}

export interface Row {
  /** As `--only` knows it. */
  readonly name: string
  /** What is compared with what, for whoever reads the table. */
  readonly about: string
  run(context: RunContext): Promise<Comparison[]>
}
