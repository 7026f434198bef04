// The grammar of the command line. Every option can be given as an environment variable, too; usage errors end with 2.

import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addConformanceCommand } from './conformance.ts'
import { addDataCommands } from './data-commands.ts'
import { addDevCommand } from './dev.ts'
import { addInspectCommand } from './inspect.ts'
import { addServeCommand } from './serve.ts'
import { addWranglerConfigCommand } from './wrangler-config.ts'

/** Usage errors; 1 is for what fails while running. */
const USAGE_EXIT_CODE = 2

export function createProgram(): Command {
  const program = new Command('biplane')
    .description('Every resource its own Durable Object, with the control plane that they need.')
    .version(readVersion(), '-V, --version')
    .showHelpAfterError('(see --help)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT_CODE))
  addServeCommand(program)
  addDevCommand(program)
  addInspectCommand(program)
  addDataCommands(program)
  addConformanceCommand(program)
  addWranglerConfigCommand(program)
  return program
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
