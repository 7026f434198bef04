// biplane deploy cloudflare: from an app to a Worker on Cloudflare's network, or a plan of it. biplane wrangler-config writes the same
// files and stops.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { DEFAULT_APP } from '../engine/app-bundle.ts'
import { NO_APEX } from '../engine/cloudflare-checks.ts'
import {
  CONFIG_FILE,
  MIGRATIONS_FILE,
  planCloudflare,
  writeCloudflareFiles,
  type CloudflareFiles,
  type CloudflarePlan,
} from '../engine/cloudflare-files.ts'
import { withSecretsFile } from '../engine/cloudflare-secrets.ts'
import { loadOrCreateSecrets } from '../engine/secrets.ts'
import { ALL_HINTS, ONE_CELL, type WranglerOptions } from '../engine/wrangler-config.ts'
import { findWrangler, runWrangler } from '../engine/wrangler.ts'
import type { CellTable } from '../identity/cell.ts'
import { cellsFileOption, readCellsFile } from './cells.ts'
import { appOption, parseHostName, parsePublicUrl, pathCapabilitiesOption } from './options.ts'
import { toJson, toPlain } from './table.ts'

interface CloudflareFlags {
  readonly app?: string
  readonly out: string
  readonly name: string
  readonly publicUrl: string
  readonly apex?: string
  readonly zone?: string
  readonly pathCapabilities?: boolean
  readonly cells?: 'all'
  readonly cellsFile?: string
  readonly cell?: string
  readonly secrets?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function addDeployCommands(program: Command): void {
  const deploy = program.command('deploy').description('deploy an app to a network of somebody else')
  withCloudflareOptions(deploy.command('cloudflare').description("deploy an app to Cloudflare's network"))
    .addOption(
      new Option(
        '--secrets <file>',
        "the deployment's secrets; made when there are none (default: <out>.secrets.json)",
      ).env('BIPLANE_SECRETS'),
    )
    .addOption(new Option('--dry-run', 'show what would be deployed, and have wrangler check it; nothing is uploaded'))
    .addHelpText('after', EXAMPLES)
    .action((flags: CloudflareFlags) => deployToCloudflare(flags))
  withCloudflareOptions(
    program.command('wrangler-config').description('write what `biplane deploy cloudflare` deploys, and stop'),
  ).action((flags: CloudflareFlags) => writeOnly(flags))
}

const EXAMPLES = `
Examples:
  biplane deploy cloudflare --public-url https://console.example.com --apex wikis.example.com --cells all --dry-run
  biplane deploy cloudflare --public-url https://console.example.com --apex wikis.example.com --cells-file cells.json --cell weur
`

function withCloudflareOptions(command: Command): Command {
  return command
    .addOption(appOption())
    .addOption(
      new Option('--out <dir>', `where generated files go; its ${MIGRATIONS_FILE} must be kept`).default(
        './cloudflare',
      ),
    )
    .addOption(new Option('--name <name>', 'name of the Worker').default('biplane'))
    .addOption(
      new Option('--public-url <url>', 'where clients reach it')
        .env('BIPLANE_PUBLIC_URL')
        .argParser(parsePublicUrl)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--apex <host>', 'host below which every resource has its own origin')
        .env('BIPLANE_APEX')
        .argParser(parseHostName),
    )
    .addOption(new Option('--zone <name>', "zone of the apex, if wrangler cannot find it by the apex's name"))
    .addOption(pathCapabilitiesOption())
    .addOption(
      new Option('--cells <which>', 'all: a cell for every location hint').choices(['all']).conflicts('cellsFile'),
    )
    .addOption(cellsFileOption())
    .addOption(new Option('--cell <code>', "for whoever's place is not known (default: the first)").env('BIPLANE_CELL'))
    .addOption(new Option('--json', 'the plan as JSON'))
}

function cellsOf({ cells, cellsFile }: CloudflareFlags): CellTable {
  if (cellsFile !== undefined) return readCellsFile(cellsFile)
  return cells === 'all' ? ALL_HINTS : ONE_CELL
}

function plan(flags: CloudflareFlags, mayBeLocal: boolean): Promise<CloudflareFiles> {
  const { name, publicUrl, apex = NO_APEX, zone, pathCapabilities } = flags
  const cells = cellsOf(flags)
  const options: WranglerOptions = {
    name,
    publicUrl,
    apex,
    cells,
    cell: flags.cell ?? Object.keys(cells)[0] ?? '',
    ...(zone === undefined ? {} : { zone }),
    ...(pathCapabilities === undefined ? {} : { pathCapabilities }),
  }
  return planCloudflare(flags.app ?? DEFAULT_APP, flags.out, options, { mayBeLocal })
}

async function writeOnly(flags: CloudflareFlags): Promise<void> {
  const files = await plan(flags, true)
  writeCloudflareFiles(flags.out, files, flags.out)
  show(flags, files.plan)
  if (flags.json === true) return
  process.stdout.write(
    `wrote ${flags.out}. Keep ${join(flags.out, MIGRATIONS_FILE)} under version control; the other files are generated.\n`,
  )
}

async function deployToCloudflare(flags: CloudflareFlags): Promise<void> {
  const files = await plan(flags, flags.dryRun === true)
  const wrangler = findWrangler()
  show(flags, files.plan)
  if (flags.dryRun === true) {
    const folder = mkdtempSync(join(tmpdir(), 'biplane-deploy-'))
    try {
      writeCloudflareFiles(folder, files)
      const config = join(folder, CONFIG_FILE)
      await runWrangler(wrangler, ['deploy', '--dry-run', '--config', config, '--outdir', join(folder, 'uploaded')])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    if (flags.json !== true) process.stdout.write('This was a dry run: nothing was written or uploaded.\n')
    return
  }
  const secretsFile = resolve(flags.secrets ?? `${flags.out.replace(/\/+$/, '')}.secrets.json`)
  const secrets = await loadOrCreateSecrets(secretsFile, files.plan.default_cell)
  writeCloudflareFiles(flags.out, files, flags.out)
  await withSecretsFile(secrets, (file) =>
    runWrangler(wrangler, ['deploy', '--config', join(flags.out, CONFIG_FILE), '--secrets-file', file]),
  )
  if (flags.json === true) return
  process.stdout.write(
    [
      `deployed ${files.plan.worker} at ${files.plan.public_url}`,
      `Keep ${join(flags.out, MIGRATIONS_FILE)} under version control, and ${secretsFile} with your other secrets: without it nobody can read this deployment's identifiers.`,
      `The operator's key: biplane operator-key --secrets ${secretsFile}`,
      '',
    ].join('\n'),
  )
}

/** On stdout. */
function show({ json }: CloudflareFlags, shown: CloudflarePlan): void {
  if (json === true) {
    process.stdout.write(`${toJson(shown, 2)}\n`)
    return
  }
  const { cells, default_cell: cell, new_migrations: steps, new_classes: added } = shown
  const lines: readonly (readonly [string, string])[] = [
    [
      'Worker',
      `${shown.worker}, ${toKilobytes(shown.upload_bytes)}, ${toKilobytes(shown.compressed_bytes)} compressed`,
    ],
    ['console', shown.public_url],
    ['resources', shown.apex === NO_APEX ? 'below paths of the console' : `https://{id}.${shown.apex}/`],
    ['routes', shown.routes.length === 0 ? 'none: for this machine' : shown.routes.map(toPattern).join(', ')],
    [
      'cells',
      Object.keys(cells)
        .map((code) => toPlaceText(cells, code))
        .join(', '),
    ],
    ['default cell', cell],
    ['classes', shown.classes.join(', ')],
    ['to create', added.length === 0 ? 'none' : added.join(', ')],
    ['migrations', steps.length === 0 ? 'none to append' : `append ${steps.map(({ tag }) => tag).join(', ')}`],
    ['secrets', shown.secrets.join(', ')],
  ]
  for (const [title, text] of lines) process.stdout.write(`${title.padEnd(14)}${toPlain(text)}\n`)
}

function toKilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`
}

function toPattern(route: string | object): string {
  return typeof route === 'string' ? route : (route as { readonly pattern: string }).pattern
}

/** `weur`, `london (hint weur)`, `eu (jurisdiction eu)` */
function toPlaceText(cells: CellTable, code: string): string {
  const { hint, jurisdiction, address } = cells[code] ?? {}
  const parts = [
    ...(hint === undefined || hint === code ? [] : [`hint ${hint}`]),
    ...(jurisdiction === undefined ? [] : [`jurisdiction ${jurisdiction}`]),
    ...(address === undefined ? [] : [`at ${address}`]),
  ]
  return parts.length === 0 ? code : `${code} (${parts.join(', ')})`
}
