// biplane export, import, archive verify.

import { Option, type Command } from 'commander'
import { addVerb } from '../verb.ts'
import { exportArchive, type ExportFlags } from './export.ts'
import { importArchive, verifyWithProgress, type ImportFlags } from './import.ts'
import { ArchiveReader } from './reader.ts'

export function addArchiveCommands(program: Command): void {
  addVerb<ExportFlags>(program, {
    usage: 'export [id]',
    summary: 'write one resource, an account with all that it has, or the whole deployment into a portable file',
    options: [
      new Option('--out <file>', 'the archive; it is never overwritten').makeOptionMandatory(),
      new Option('--type <name>', 'resources of this type alone'),
    ],
    examples: [
      'export --out everything.biplane',
      'export --out one.biplane wiki-...',
      'export --out theirs.biplane account-...',
    ],
    run: exportArchive,
  })
  addVerb<ImportFlags>(program, {
    usage: 'import <file>',
    summary: 'bring in what an archive has, with the same identifiers; again to go on after an interruption (operator)',
    options: [
      new Option('--dry-run', 'verify it and say what would be in the way'),
      new Option('--on-conflict <what>', 'what to do about resources that are here already')
        .choices(['fail', 'skip'])
        .default('fail'),
    ],
    examples: [
      'import everything.biplane --dry-run',
      'import everything.biplane',
      'import everything.biplane --on-conflict skip',
    ],
    run: importArchive,
  })
}

export function addArchiveNoun(program: Command): void {
  const noun = program.command('archive').description('look at an archive, without a server')
  noun
    .command('verify')
    .description('read it from its beginning to its end: form, digests, counts; exit code 1 when anything is wrong')
    .argument('<file>', 'what `biplane export` made')
    .action(async (file: string) => {
      const reader = await ArchiveReader.open(file)
      try {
        const { header, end, counts } = await verifyWithProgress(reader)
        const report = { ...header, ...end, counts: Object.fromEntries(counts) }
        process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
      } finally {
        await reader.close()
      }
    })
}
