// biplane secrets: what the machines of a deployment share, and what another deployment has to know.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { writeNewDurably } from '../engine/durable-file.ts'
import { EngineError, explained, reasonOf } from '../engine/engine-error.ts'
import { format } from '../engine/secrets-content.ts'
import { importSecrets, toVerifyOnly } from '../engine/secrets-transfer.ts'
import { SECRETS_MODE, ownerOf } from '../engine/secrets.ts'
import { haveSecretsTakenBy } from '../engine/supervisor-socket.ts'
import { dataDirectoriesIn } from '../engine/cell-directories.ts'
import { secretsFileOf, secretsOf, type DataFlags } from './data-commands.ts'
import { dataOption, secretsOption } from './options.ts'

interface ExportFlags extends DataFlags {
  readonly out?: string
  readonly verifyOnly?: boolean
}

export function addSecretsNoun(program: Command): void {
  const noun = program.command('secrets').description('what the machines of a deployment share')
  noun
    .command('export')
    .description('print the secrets: for another machine of this deployment they give full access')
    .addOption(new Option('--out <file>', 'write them to a new file, readable by you only'))
    .addOption(
      new Option(
        '--verify-only',
        "only what another deployment needs to recognise this one's identifiers, for resources that it imports",
      ),
    )
    .addOption(dataOption())
    .addOption(secretsOption())
    .action((flags: ExportFlags) => {
      const secrets = secretsOf(flags)
      const text = format(flags.verifyOnly === true ? toVerifyOnly(secrets) : secrets)
      if (flags.out === undefined) process.stdout.write(text)
      else writeNew(flags.out, text)
    })
  noun
    .command('import')
    .description('take over what `biplane secrets export` wrote, also while it is served')
    .argument('<file>', '- for standard input')
    .addOption(dataOption())
    .addOption(secretsOption())
    .action(importFrom)
}

async function importFrom(from: string, flags: DataFlags): Promise<void> {
  const file = resolve(secretsFileOf(flags))
  const [directory] = dataDirectoriesIn(flags.data)
  const owner = directory === undefined ? undefined : ownerOf(directory.path)
  const { isChanged, leftOut } = importSecrets(read(from), from === '-' ? 'standard input' : from, file, owner)
  if (leftOut > 0) process.stdout.write(`keys that were retired here stay so, though they are in it: ${leftOut}\n`)
  if (!isChanged) return void process.stdout.write(`${file} has all ${leftOut > 0 ? 'the rest' : 'of it'} already\n`)
  const isServed = await haveSecretsTakenBy(flags.data, file)
  const by = isServed ? 'the running server uses them' : 'no server is running on this data: the next start uses them'
  process.stdout.write(`the secrets are in ${file}; ${by}\n`)
}

function read(from: string): string {
  try {
    return readFileSync(from === '-' ? 0 : from, 'utf8')
  } catch (thrown) {
    throw new EngineError(`cannot read ${from}`, reasonOf(thrown), 'Check the path.', 2)
  }
}

/** What is there may be the only copy of something. @throws EngineError */
function writeNew(file: string, text: string): void {
  let isNew: boolean
  try {
    isNew = writeNewDurably(resolve(file), text, SECRETS_MODE)
  } catch (thrown) {
    throw explained(thrown, `cannot write the secrets to ${file}`)
  }
  if (isNew) return
  throw new EngineError(
    `${file} is there already`,
    'secrets are written to new files only',
    'Choose another --out, or remove it.',
    2,
  )
}
