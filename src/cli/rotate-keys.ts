// biplane rotate-token-key, rotate-operator-key, rotate-identifier-key: new keys for a server that goes on serving.

import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { EngineError } from '../engine/engine-error.ts'
import { rotateKeys, type KeyKind } from '../engine/rotate-keys.ts'
import { haveSecretsTakenBy } from '../engine/supervisor-socket.ts'
import { secretsFileOf, secretsOf, type DataFlags } from './data-commands.ts'
import { dataOption, secretsOption } from './options.ts'

interface RotateFlags extends DataFlags {
  readonly retire?: boolean
  readonly prepare?: boolean
  readonly activate?: boolean
}

const KINDS: Readonly<Record<KeyKind, { readonly what: string; readonly retire?: string }>> = {
  token: {
    what: 'tokens, links and sessions',
    retire: 'every token, link and session that they signed ends',
  },
  operator: {
    what: 'the operator',
    retire: 'whoever uses them is refused, and whom they signed in to the console is signed out',
  },
  // Their identifiers live as long as the resources.
  identifier: { what: 'identifiers and API keys' },
}

export function addRotateCommands(program: Command): void {
  for (const [kind, { what, retire }] of Object.entries(KINDS) as [KeyKind, (typeof KINDS)[KeyKind]][]) {
    const command = program
      .command(`rotate-${kind}-key`)
      .description(`make a new key for ${what}, also while they are served; the older ones go on working`)
      .addOption(dataOption())
      .addOption(secretsOption())
    if (retire !== undefined) command.addOption(new Option('--retire', `take the older ones out: ${retire}`))
    if (kind !== 'operator') {
      command
        .addOption(new Option('--prepare', 'for several machines, first: make it, and do not sign with it yet'))
        .addOption(new Option('--activate', 'then, when all have imported it: sign with it'))
    }
    command.action((flags: RotateFlags) => rotate(kind, flags))
  }
}

async function rotate(kind: KeyKind, flags: RotateFlags): Promise<void> {
  const file = resolve(secretsFileOf(flags))
  const chosen = (['retire', 'prepare', 'activate'] as const).filter((name) => flags[name] === true)
  if (chosen.length > 1) {
    const given = chosen.map((name) => `--${name}`).join(' and ')
    throw new EngineError(`${given} are two different things`, 'each is a step of its own', 'Choose one of them.', 2)
  }
  const rotation = chosen[0] ?? 'new'
  secretsOf(flags)
  rotateKeys(file, kind, rotation)
  const isServed = await haveSecretsTakenBy(flags.data, file)
  const done = {
    new: `there is a new ${kind} key`,
    retire: `the newest ${kind} key is the only one`,
    prepare: `a new ${kind} key is known, and signs nothing yet,`,
    activate: `the prepared ${kind} key signs`,
  }[rotation]
  const by = isServed ? 'the running server uses it' : 'no server is running on this data: the next start uses it'
  process.stdout.write(`${done} in ${file}; ${by}\n`)
}
