// What it costs, or brings, to spread accounts over several control plane objects.

import { join } from 'node:path'
import type { Target } from '../load/spec.ts'
import { startBiplane, type BiplaneServer } from '../support/biplane-server.ts'
import { measureInTurns, warmUp, type Measured, type Side } from '../support/paired.ts'
import { compareRounds, P50, THROUGHPUT, type Comparison } from '../support/report.ts'
import type { Row } from './row.ts'

/** The baseline first. */
const POLICIES = [
  { plural: 'ones', name: 'single' },
  { plural: 'spreads', name: 'hashed(4)' },
  { plural: 'owns', name: 'byAccount' },
] as const
/** So many that none of them is refused: a shard lets an account in 200 times a second. */
const ACCOUNTS = Array.from({ length: 16 }, (_, index) => `account-${index}`)
const CLIENTS = 16
/** Counted, not timed, as in the row `creates`. */
const CREATES_PER_ROUND = 160
/** Resources of each account before lists are measured. */
const LISTED = 10

export const policies: Row = {
  name: 'policies',
  about: `${ACCOUNTS.length} accounts on several control plane objects against all of them on one`,
  async run({ root, folder, load, rounds, seconds, say }) {
    const biplane = await startBiplane(root, `${folder}/biplane`, { app: join(root, 'bench/apps/tenants.ts') })
    try {
      say(`creating ${LISTED} objects per account and policy`)
      const filling = sidesOf(biplane, (plural) => creating(plural, ACCOUNTS.length * LISTED))
      await measureInTurns(load, filling, 1)
      say('lists')
      const lists = sidesOf(biplane, (plural) => ({
        method: 'GET',
        targets: targetsOf(`/v1/${plural}?limit=${LISTED}`),
        connections: 1,
        until: { seconds },
        expectedStatus: 200,
      }))
      for (const side of lists) await warmUp(load, side)
      const listed = await measureInTurns(load, lists, rounds)
      say('creations')
      const creates = sidesOf(biplane, (plural) => creating(plural, CREATES_PER_ROUND))
      const created = await measureInTurns(load, creates, rounds)
      return POLICIES.slice(1).flatMap(({ name }, index): Comparison[] => [
        compareRounds(`${name}, creations`, THROUGHPUT, created[0] as Measured[], created[index + 1] as Measured[]),
        compareRounds(`${name}, lists`, P50, listed[0] as Measured[], listed[index + 1] as Measured[]),
      ])
    } finally {
      await biplane.stop()
    }
  },
}

function sidesOf(server: BiplaneServer, toSpec: (plural: string) => Side['spec']): Side[] {
  return POLICIES.map(({ plural }) => ({ server, spec: toSpec(plural) }))
}

function creating(plural: string, requests: number): Side['spec'] {
  const targets = targetsOf(`/v1/${plural}`)
  return { method: 'POST', targets, body: '{}', connections: CLIENTS, until: { requests }, expectedStatus: 201 }
}

function targetsOf(path: string): Target[] {
  return ACCOUNTS.map((account) => ({
    path,
    headers: { 'x-account': account, 'Content-Type': 'application/json' },
  }))
}
