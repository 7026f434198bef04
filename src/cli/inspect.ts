// biplane inspect: everything that both planes know about one resource, asked of the running server.

import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { Command } from 'commander'
import { EngineError, reasonOf } from '../engine/engine-error.ts'
import { readServerFile, type ServerFile } from '../engine/server-file.ts'
import { parseResourceId } from '../identity/resource-id.ts'
import { operatorKeyOf } from './data-commands.ts'
import { dataOption, secretsOption } from './options.ts'

interface InspectFlags {
  readonly data: string
  readonly secrets?: string
}

export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('show the catalog row, the versions of the descriptor and what the object holds')
    .argument('<id>', 'identifier of a resource')
    .addOption(dataOption())
    .addOption(secretsOption())
    .action(async (id: string, flags: InspectFlags) => {
      const server = readServerFile(flags.data)
      const type = parseResourceId(id)?.type
      const plural = type === undefined ? undefined : server.plurals[type]
      if (plural === undefined) {
        throw new EngineError(
          `"${id}" is no identifier of a resource`,
          'it does not have the form of one of the types served',
          'Check the spelling.',
          2,
        )
      }
      const answer = await get(server, `/v1/${plural}/${id}/inspect`, operatorKeyOf(flags))
      process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
    })
}

/** Asks where the server listens, under the name that clients use: behind a proxy it answers to no other. */
async function get(server: ServerFile, path: string, key: string): Promise<unknown> {
  const call = request(server.url + path, {
    headers: { authorization: `Bearer ${key}`, host: new URL(server.publicUrl).host },
  })
  call.end()
  let response: IncomingMessage
  try {
    ;[response] = (await once(call, 'response')) as [IncomingMessage]
  } catch (thrown) {
    throw new EngineError('the server does not answer', reasonOf(thrown), 'Look at what it logs.')
  }
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  if (response.statusCode === 200) return JSON.parse(text)
  throw new EngineError(`the server answered ${response.statusCode}`, text.trim(), 'See the code in the answer.')
}
