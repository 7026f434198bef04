// Which server a command speaks to, and as whom.

import { Option, type Command } from 'commander'
import { createClient, type Client } from '../client/index.ts'
import { EngineError } from '../engine/engine-error.ts'
import { readServerFile } from '../engine/server-file.ts'
import { operatorKeyOf } from './data-commands.ts'
import { fetchFrom } from './local-server.ts'
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
  const { url, account } = flags
  if (url === undefined) {
    const server = readServerFile(flags.data)
    const key = flags.key ?? operatorKeyOf(flags)
    return createClient({ baseUrl: server.url, key, account, fetch: fetchFrom(server) })
  }
  if (flags.key === undefined) {
    throw new EngineError(
      `there is no key for ${url}`,
      'only the operator key of a local server is found by itself',
      'Set BIPLANE_KEY, or give --key.',
      2,
    )
  }
  return createClient({ baseUrl: url, key: flags.key, account })
}
