// The grammar of the command line. Every option can be given as an environment variable, too; usage errors end with 2.

import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addArchiveCommands, addArchiveNoun } from './archive/commands.ts'
import { addConformanceCommand } from './conformance.ts'
import { TYPE_NAME } from '../identity/resource-id.ts'
import { addAccountsNoun, addKeysNoun } from './accounts.ts'
import { addCapabilitiesVerb } from './capabilities.ts'
import { addDataCommands } from './data-commands.ts'
import { addDevCommand } from './dev.ts'
import { addInspectCommand } from './inspect.ts'
import { addJournals } from './journals.ts'
import { addMoveVerb } from './move.ts'
import { addOperationsNoun, addTokensNoun } from './operations.ts'
import { addResourcesNoun } from './resources.ts'
import { addResourceChanges } from './resource-changes.ts'
import { addRotateCommands } from './rotate-keys.ts'
import { addSecretsNoun } from './secrets.ts'
import { addServeCommand } from './serve.ts'
import { addCellsNoun } from './reconcile.ts'
import { addTypesNoun } from './types.ts'
import { addDeployCommands } from './deploy.ts'

/** Usage errors; 1 is for what fails while running. */
const USAGE_EXIT_CODE = 2

export function createProgram(): Command {
  const program = new Command('biplane')
    .description('Every resource its own Durable Object, with the control plane that they need.')
    .version(readVersion(), '-V, --version')
    .showHelpAfterError('(see --help)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT_CODE))
  program.commandsGroup('Serving:')
  addServeCommand(program)
  addDevCommand(program)
  addInspectCommand(program)
  addDataCommands(program)
  addRotateCommands(program)
  addSecretsNoun(program)
  addArchiveNoun(program)
  addConformanceCommand(program)
  addDeployCommands(program)
  program.commandsGroup('On a running server:')
  const resources = addResourcesNoun(program)
  addResourceChanges(resources)
  addMoveVerb(resources)
  addTokensNoun(program)
  addAccountsNoun(program)
  addKeysNoun(program)
  addOperationsNoun(program)
  addJournals(program)
  addTypesNoun(program)
  addCellsNoun(program)
  addArchiveCommands(program)
  addCapabilitiesVerb(program)
  // After the commands, which have each what their parent had: this is about its own alone.
  const verbs = resources.commands.map((command) => command.name()).join(', ')
  program.configureOutput({
    outputError: (text, write) => {
      const isUnknown = text.startsWith('error: unknown command')
      write(isUnknown ? `${text.trimEnd()}\n(if it is a resource type, it is followed by one of: ${verbs})\n` : text)
    },
  })
  return program
}

/**
 * `wikis list ...` -> `resources list --type wikis ...`, `wikis --help` -> `resources --help`: a noun that is no command of ours is a type's,
 * if a verb of resources follows. Which types there are only a server knows.
 */
export function expandNoun(program: Command, args: readonly string[]): string[] {
  const [noun = '', verb = '', ...rest] = args
  const isOurs = program.commands.some((command) => command.name() === noun)
  const resources = program.commands.find((command) => command.name() === 'resources')
  const isVerb = resources?.commands.some((command) => command.name() === verb) ?? false
  if (isOurs || !TYPE_NAME.test(noun)) return [...args]
  if (verb === '--help' || verb === '-h') return ['resources', '--help']
  return isVerb ? ['resources', verb, '--type', noun, ...rest] : [...args]
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
