// biplane wrangler-config: writes what `wrangler deploy` needs, the configuration and the bundle beside it.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Option, type Command } from 'commander'
import { DEFAULT_APP, bundleApp } from '../engine/app-bundle.ts'
import { BINDINGS } from '../wire/deployment.ts'
import { mergeMigrations, toWranglerConfig, type Migration, type WranglerOptions } from '../engine/wrangler-config.ts'
import { appOption, parseHostName, parsePublicUrl, pathCapabilitiesOption } from './options.ts'

interface WranglerFlags extends WranglerOptions {
  readonly app?: string
  readonly out: string
}

/** The history of classes: the only generated file that must be kept, since Cloudflare keeps it, too. */
const MIGRATIONS_FILE = 'migrations.json'

export function addWranglerConfigCommand(program: Command): void {
  program
    .command('wrangler-config')
    .description('write the configuration and the bundle for `wrangler deploy`')
    .addOption(appOption())
    .addOption(new Option('--out <dir>', 'where to write').default('./cloudflare'))
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
        .argParser(parseHostName)
        .makeOptionMandatory(),
    )
    .addOption(pathCapabilitiesOption())
    .action(async (flags: WranglerFlags) => {
      const { manifest, modules, data } = await bundleApp(flags.app ?? DEFAULT_APP, { faultPoints: false })
      mkdirSync(flags.out, { recursive: true })
      const migrationsFile = join(flags.out, MIGRATIONS_FILE)
      const deployed = existsSync(migrationsFile)
        ? (JSON.parse(readFileSync(migrationsFile, 'utf8')) as Migration[])
        : []
      const migrations = mergeMigrations(deployed, manifest)
      // Data modules are named by their content: those of an earlier build would be uploaded for ever.
      for (const name of readdirSync(flags.out)) if (name.endsWith('.bin')) rmSync(join(flags.out, name))
      for (const [name, content] of [...modules, ...data]) writeFileSync(join(flags.out, name), content)
      writeJson(migrationsFile, migrations)
      writeJson(join(flags.out, 'wrangler.jsonc'), toWranglerConfig(manifest, migrations, flags))
      process.stdout.write(
        [
          `wrote ${flags.out}. Keep ${migrationsFile} under version control; the other files are generated.`,
          `  once:   npx wrangler secret put ${BINDINGS.secrets} -c ${flags.out}/wrangler.jsonc < YOUR.secrets.json`,
          `  deploy: npx wrangler deploy -c ${flags.out}/wrangler.jsonc`,
          '',
        ].join('\n'),
      )
    })
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}
