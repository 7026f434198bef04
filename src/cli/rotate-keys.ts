// biplane rotate-token-key, rotate-operator-key, rotate-identifier-key: new keys for a server that goes on serving.

import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { describeDataDirectory } from '../engine/data-directory.ts'
import { readHolder } from '../engine/lock.ts'
import { rotateKeys, type KeyKind } from '../engine/rotate-keys.ts'
import { haveSecretsTaken } from '../engine/supervisor-socket.ts'
import { secretsFileOf, secretsOf, type DataFlags } from './data-commands.ts'
import { dataOption, secretsOption } from './options.ts'

interface RotateFlags extends DataFlags {
  readonly retire?: boolean
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
    command.action((flags: RotateFlags) => rotate(kind, flags))
  }
}

async function rotate(kind: KeyKind, flags: RotateFlags): Promise<void> {
  const file = resolve(secretsFileOf(flags))
  const isRetiring = flags.retire === true
  secretsOf(flags)
  rotateKeys(file, kind, { retire: isRetiring })
  const directory = describeDataDirectory(flags.data)
  const isServed = readHolder(directory.path) !== undefined
  if (isServed) await haveSecretsTaken(directory, file)
  const done = isRetiring ? `the newest ${kind} key is the only one` : `there is a new ${kind} key`
  const by = isServed ? 'the running server uses it' : 'no server is running on this data: the next start uses it'
  process.stdout.write(`${done} in ${file}; ${by}\n`)
}
