// biplane backup, restore, operator-key: what works on the data directory and its secrets.

import { Option, type Command } from 'commander'
import { backup, restore, type BackupReport } from '../engine/backup.ts'
import { dataDirectoriesIn } from '../engine/cell-directories.ts'
import { cellOfData } from '../engine/data-directory.ts'
import { codeOf, EngineError } from '../engine/engine-error.ts'
import { defaultSecretsFile, readSecrets } from '../engine/secrets.ts'
import type { DeploymentSecrets } from '../wire/deployment.ts'
import { dataOption, secretsOption } from './options.ts'

export interface DataFlags {
  readonly data: string
  readonly secrets?: string
  readonly withSecrets?: boolean
}

export function addDataCommands(program: Command): void {
  program
    .command('backup')
    .description('copy the data directory as of one moment, also while it is served')
    .argument('<dir>', 'new or empty directory')
    .addOption(dataOption())
    .addOption(secretsOption())
    .addOption(new Option('--with-secrets', 'copy the secrets as well: the copy then gives full access'))
    .action(async (target: string, flags: DataFlags) => {
      if (flags.withSecrets === true) secretsOf(flags)
      const report = await backup(flags.data, target, flags.withSecrets === true ? secretsFileOf(flags) : undefined)
      print('backed up', report)
      tellOfOthers(flags.data)
      if (flags.withSecrets !== true)
        process.stdout.write(`Keep a copy of ${secretsFileOf(flags)} elsewhere: without it nobody can read this.\n`)
    })

  program
    .command('restore')
    .description('make a data directory from a backup')
    .argument('<dir>', 'what `biplane backup` made')
    .addOption(dataOption())
    .addOption(secretsOption())
    .action(async (source: string, flags: DataFlags) => {
      print('restored', await restore(source, flags.data, secretsFileOf(flags)))
    })

  program
    .command('operator-key')
    .description("print the operator's key, for $BIPLANE_KEY")
    .addOption(dataOption())
    .addOption(secretsOption())
    .action((flags: DataFlags) => {
      process.stdout.write(`${operatorKeyOf(flags)}\n`)
    })
}

/** A backup is of one cell's data; what is beside it must not be taken for saved. */
function tellOfOthers(data: string): void {
  const [own, ...others] = dataDirectoriesIn(data)
  if (own === undefined || others.length === 0) return
  const list = others.map(({ path }) => path).join(', ')
  process.stdout.write(
    `This is the cell ${cellOfData(own.path)} alone; the others are in directories of their own: ${list}\n`,
  )
}

/** @throws EngineError when there are no secrets yet */
export function operatorKeyOf(flags: DataFlags): string {
  return secretsOf(flags).operatorKeys.at(-1) ?? ''
}

/** @throws EngineError when there are none yet */
export function secretsOf(flags: DataFlags): DeploymentSecrets {
  const file = secretsFileOf(flags)
  try {
    return readSecrets(file)
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown
    throw new EngineError(
      `there is no secrets file ${file}`,
      'it is created when the server starts for the first time',
      'Start it with: biplane serve, or check --data and --secrets.',
    )
  }
}

export function secretsFileOf(flags: DataFlags): string {
  return flags.secrets ?? defaultSecretsFile(flags.data)
}

function print(what: string, report: BackupReport): void {
  const pause = report.frozenMs === undefined ? '' : `; the server stood still for ${report.frozenMs} ms`
  process.stdout.write(`${what} ${report.files} files, ${report.bytes} bytes: ${report.path}${pause}\n`)
}
