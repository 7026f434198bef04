// What the seeding Worker is told, and what it answers.

import type { IdentifierKey } from '../../src/identity/keyring.ts'

export interface SeedRequest {
  readonly type: string
  /** A resource that was created in the ordinary way: the others are like it. */
  readonly like: string
  readonly count: number
  readonly keys: readonly IdentifierKey[]
}

export interface SeedAnswer {
  readonly firstTimeMs: number
  readonly lastTimeMs: number
}
