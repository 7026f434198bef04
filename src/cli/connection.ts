// Which server a command speaks to, and as whom.

import { Option, type Command } from 'commander'
import { createClient, type Client } from '../client/index.ts'
import { EngineError } from '../engine/engine-error.ts'
import { fetchFrom } from '../engine/local-server.ts'
import { readServerFile, type ServerFile } from '../engine/server-file.ts'
import { operatorKeyOf } from './data-commands.ts'
import { dataOption, parseServerUrl, secretsOption } from './options.ts'

export interface ConnectionFlags {
  readonly url?: string
  readonly key?: string
  readonly account?: string
  readonly data: string
  readonly secrets?: string
  readonly json?: boolean
}

export function withConnectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--url <url>', 'server to speak to (default: the one that serves --data)')
        .env('BIPLANE_URL')
        .argParser(parseServerUrl),
    )
    .addOption(
      new Option('--key <key>', 'API key or operator key; as an environment variable nobody else sees it').env(
        'BIPLANE_KEY',
      ),
    )
    .addOption(
      new Option('--account <id>', 'act for this account, or list over all: - (operator)').env('BIPLANE_ACCOUNT'),
    )
    .addOption(new Option('--json', 'print JSON: one document, or one line for each item of a list'))
    .addOption(dataOption())
    .addOption(secretsOption())
}

/** @throws EngineError when it is not clear where to, or as whom */
export function connect(flags: ConnectionFlags): Client {
  const { url, key, server } = addressOf(flags)
  const { account } = flags
  return createClient({ baseUrl: url, key, account, ...(server === undefined ? {} : { fetch: fetchFrom(server) }) })
}

/** Where a server is, and who asks it. */
export interface Address {
  readonly url: string
  readonly key: string
  /** The local one: it answers to the name by which clients know it. */
  readonly server?: ServerFile
}

/** @throws EngineError as {@link connect} */
export function addressOf(flags: ConnectionFlags): Address {
  const { url } = flags
  if (url === undefined) {
    const server = readServerFile(flags.data)
    return { url: server.url, key: flags.key ?? operatorKeyOf(flags), server }
  }
  if (flags.key === undefined) {
    throw new EngineError(
      `there is no key for ${url}`,
      'only the operator key of a local server is found by itself',
      'Set BIPLANE_KEY, or give --key.',
      2,
    )
  }
  return { url, key: flags.key }
}
