// What every `biplane <noun> <verb>` on the API has in common: options, examples, output, and errors that a person can act on.

import type { Command, Option } from 'commander'
import type { BiplaneError, Client } from '../client/index.ts'
import { connect, withConnectionOptions, type ConnectionFlags } from './connection.ts'
import { toEngineError } from './refusals.ts'
import { Output } from './output.ts'
import { toJson } from './table.ts'

/** What a verb is run with. */
export interface Context<F = object> {
  readonly client: Client
  readonly out: Output
  readonly flags: ConnectionFlags & F
  /** Of the command line, in order; '' where an optional one is missing. */
  readonly args: readonly string[]
}

export interface Verb<F> {
  /** Name and arguments, as commander writes them: `get <id>`. */
  readonly usage: string
  readonly summary: string
  readonly options?: readonly Option[]
  /** Without `biplane`. */
  readonly examples: readonly string[]
  readonly run: (context: Context<F>) => Promise<void>
}

export function addNoun(program: Command, name: string, summary: string): Command {
  return program.command(name).description(summary)
}

export function addVerb<F = object>(noun: Command, verb: Verb<F>): void {
  const command = withConnectionOptions(noun.command(verb.usage).description(verb.summary))
  for (const option of verb.options ?? []) command.addOption(option)
  command.addHelpText('after', `\nExamples:\n${verb.examples.map((line) => `  biplane ${line}`).join('\n')}\n`)
  command.action(async () => {
    const flags = command.opts<ConnectionFlags & F>()
    const args = command.processedArgs.map((arg) => String(arg ?? ''))
    try {
      await verb.run({ client: connect(flags), out: new Output(flags.json === true), flags, args })
    } catch (thrown) {
      if (!isRefusal(thrown)) throw thrown
      const error = toEngineError(thrown)
      if (flags.json !== true) throw error
      process.stderr.write(`${toJson(toErrorJson(thrown))}\n`)
      process.exitCode = error.exitCode
    }
  })
}

function isRefusal(thrown: unknown): thrown is BiplaneError {
  return thrown instanceof Error && thrown.name === 'BiplaneError'
}

function toErrorJson({ code, status, detail, retryable, applied, requestId, details }: BiplaneError): object {
  return { error: { code, status, detail, retryable, applied, request_id: requestId, ...details } }
}
