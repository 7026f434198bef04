// biplane conformance: holds a running deployment, and one of its types, to the rules of SPEC.md.

import { Option, type Command } from 'commander'
import {
  formatReport,
  runControlPlaneConformance,
  runTypeConformance,
  textProbe,
  type ConformanceReport,
} from '../conformance/index.ts'
import { BiplaneError, createClient } from '../client/index.ts'
import { EngineError } from '../engine/engine-error.ts'
import { addressOf, type Address } from './connection.ts'
import { fetchFrom } from '../engine/local-server.ts'
import { dataOption, parseJson, secretsOption } from './options.ts'
import { toEngineError } from './refusals.ts'

interface ConformanceFlags {
  readonly url?: string
  readonly key?: string
  readonly creation?: Readonly<Record<string, unknown>>
  readonly write?: string
  readonly read?: string
  readonly body?: string
  readonly contentType?: string
  readonly appends?: boolean
  readonly json?: boolean
  readonly data: string
  readonly secrets?: string
}

export function addConformanceCommand(program: Command): void {
  program
    .command('conformance')
    .description('check a running server against the rules of SPEC.md; what it makes for that, it purges')
    .argument('<plural>', 'resource type, as in /v1/{plural}')
    .addOption(new Option('--url <url>', 'the server (default: the one that serves --data)').env('BIPLANE_URL'))
    .addOption(new Option('--key <key>', 'API key or operator key').env('BIPLANE_KEY'))
    .addOption(new Option('--creation <json>', 'members of every creation, such as {"params":{}}').argParser(parseJson))
    .addOption(new Option('--write <request>', 'check the content too: "POST entries"; {text} is what is written'))
    .addOption(new Option('--read <path>', 'what a GET shows it at, below the resource'))
    .addOption(new Option('--body <text>', 'what a write sends; {text} is what is written'))
    .addOption(new Option('--content-type <type>', 'of what a write sends'))
    .addOption(new Option('--appends', 'writes stay beside each other, instead of replacing the one before'))
    .addOption(new Option('--json', 'print the report as JSON'))
    .addOption(dataOption())
    .addOption(secretsOption())
    .action(async (plural: string, flags: ConformanceFlags) => {
      const report = await run(plural, flags)
      process.stdout.write(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report))
      if (report.failed.length > 0) process.exitCode = 1
    })
}

async function run(plural: string, flags: ConformanceFlags): Promise<ConformanceReport> {
  const { creation, write } = flags
  const address = addressOf(flags)
  await requireServed(address, plural)
  const options = { baseUrl: address.url, key: address.key, plural, creation }
  const control = await runControlPlaneConformance(options)
  if (write === undefined) return control
  const content = await runTypeConformance({ ...options, probe: textProbe(flags) })
  return {
    passed: [...control.passed, ...content.passed],
    failed: [...control.failed, ...content.failed],
    skipped: [...control.skipped, ...content.skipped],
    count: control.count + content.count,
  }
}

/**
 * What a run is about, if there is anything to run on: every check would fail for the same reason.
 *
 * @throws EngineError for a server that does not answer, a key that it does not take, or a type that it does not have
 */
async function requireServed({ url, key, server }: Address, plural: string): Promise<void> {
  const client = createClient({ baseUrl: url, key, ...(server === undefined ? {} : { fetch: fetchFrom(server) }) })
  const { types } = await client.session().catch((thrown: unknown) => {
    throw thrown instanceof BiplaneError ? toEngineError(thrown) : thrown
  })
  if (types.some((type) => type.plural === plural)) return
  const known = types.map((type) => type.plural).join(', ')
  throw new EngineError(`the server has no resources "${plural}"`, `it has ${known}`, 'Check the spelling.', 2)
}
