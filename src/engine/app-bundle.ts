// From an app file to what an engine runs: JavaScript modules, data modules, and the app's manifest. The manifest is learned by
// importing the app here, in Node, with the engine's own modules stubbed: nothing about an app is declared twice.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions, BuildResult, Plugin } from 'esbuild'
import type { AppManifest } from '../wire/manifest.ts'
import { keptBundle } from './bundle-cache.ts'
import { EngineError, reasonOf } from './engine-error.ts'

export interface AppBundle {
  readonly manifest: AppManifest
  /** File name -> source. The first is the main module. */
  readonly modules: ReadonlyMap<string, string>
  /** Binary modules: file name as imported (without `./`) -> content. */
  readonly data: ReadonlyMap<string, Uint8Array>
  /** Absolute paths of every file that went in. */
  readonly inputs: readonly string[]
}

/** The entry that the engine loads: exports by name what `createApp` answered as a value. */
export const MAIN_MODULE = 'worker.js'
const APP_MODULE = 'app.js'
/** Statements that only test builds keep; see object/fault.ts. */
const FAULT_POINT_LABEL = 'TEST_BUILD'

/** The app that `biplane serve` runs without `--app`. */
export const DEFAULT_APP: string = fileURLToPath(new URL('../default-app.js', import.meta.url))

/** Folder of the package that is running: `biplane` in an app file means this one, so that both sides are of one version. */
const PACKAGE_ROOT: string = resolve(fileURLToPath(new URL('../..', import.meta.url)))

/** 64 bits of a hash tell apart all the assets that an app will ever have. */
const HASH_CHARACTERS = 16

/**
 * @param appFile JavaScript or TypeScript; its default export is what `createApp` returned
 * @param options.faultPoints true in test builds only; otherwise the fault points are removed
 * @throws EngineError when the file cannot be bundled, or exports something else
 */
export async function bundleApp(appFile: string, options: { readonly faultPoints: boolean }): Promise<AppBundle> {
  const file = resolve(appFile)
  checkAppFile(file)
  return keptBundle(`${file} ${options.faultPoints}`, () => makeBundle(file, options))
}

async function makeBundle(file: string, options: { readonly faultPoints: boolean }): Promise<AppBundle> {
  const data = new Map<string, Uint8Array>()
  const dataFiles = new Set<string>()
  const [manifest, result] = await Promise.all([
    readManifest(file),
    bundle(file, {
      plugins: [ownPackage(), dataModules(data, dataFiles)],
      dropLabels: options.faultPoints ? [] : [FAULT_POINT_LABEL],
      metafile: true,
    }),
  ])
  const classes = manifest.types.flatMap((type) => [type.control.className, type.data.className])
  const main = [
    `import app from './${APP_MODULE}'`,
    `export default { fetch: app.fetch }`,
    `export const { ${['ControlPlane', 'DataPlane', ...classes].join(', ')} } = app.exports`,
    '',
  ]
  return {
    manifest,
    modules: new Map([
      [MAIN_MODULE, main.join('\n')],
      [APP_MODULE, codeOf(result)],
    ]),
    data,
    inputs: [...Object.keys(result.metafile?.inputs ?? {}).map((input) => resolve(dirname(file), input)), ...dataFiles],
  }
}

let loaded: Promise<typeof import('esbuild')> | undefined

/** Ends the bundler's own process, which otherwise lives as long as this one; the next bundle starts another. */
export async function endBundler(): Promise<void> {
  await (await loaded)?.stop()
}

/** Loaded when there is something to bundle: it takes longer than all that most commands do. */
function bundler(): Promise<typeof import('esbuild')> {
  return (loaded ??= import('esbuild'))
}

/** @throws EngineError when there is no such file: cheaper to learn before anything is created */
export function checkAppFile(file: string): void {
  if (!existsSync(file)) {
    throw new EngineError(
      `there is no app file ${file}`,
      'the path leads nowhere',
      'Check --app; without it the ready-made app is served.',
      2,
    )
  }
}

async function bundle(file: string, options: BuildOptions): Promise<BuildResult> {
  try {
    return await (
      await bundler()
    ).build({
      entryPoints: [file],
      absWorkingDir: dirname(file),
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2024',
      platform: 'neutral',
      // What the engine is, most specific first, as other bundlers for it do.
      conditions: ['workerd', 'worker', 'import'],
      mainFields: ['module', 'main'],
      external: ['cloudflare:*', 'node:*'],
      // Removes what became unreachable; names and lines stay, for stack traces.
      minifySyntax: true,
      legalComments: 'none',
      logLevel: 'silent',
      ...options,
    })
  } catch (thrown) {
    throw new EngineError(`cannot bundle ${file}`, reasonOf(thrown), 'Fix the code above; nothing was started.')
  }
}

async function readManifest(file: string): Promise<AppManifest> {
  const result = await bundle(file, { plugins: [ownPackage(), stubs()], dropLabels: [FAULT_POINT_LABEL] })
  let app: { readonly manifest?: AppManifest } | undefined
  try {
    const source = Buffer.from(codeOf(result)).toString('base64')
    app = ((await import(`data:text/javascript;base64,${source}`)) as { default?: typeof app }).default
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === 'DeclarationError')
      throw new EngineError(`${file} declares what cannot be`, reasonOf(thrown), 'Correct it; nothing was started.', 2)
    throw new EngineError(
      `cannot read what types ${file} declares`,
      reasonOf(thrown),
      'The file is imported once in Node to read its declarations: keep code that needs the engine inside functions and classes.',
    )
  }
  if (app?.manifest?.version !== 1) {
    throw new EngineError(
      `${file} exports no app`,
      'its default export is not what createApp() returns',
      'export default createApp({ types: [...] })',
      2,
    )
  }
  return app.manifest
}

function codeOf(result: BuildResult): string {
  return result.outputFiles?.[0]?.text ?? ''
}

/** `biplane` and its subpaths are the running package's, wherever the app file is. */
function ownPackage(): Plugin {
  return {
    name: 'own-package',
    setup(builder) {
      builder.onResolve({ filter: /^biplane(\/|$)/ }, (args) => {
        if (args.resolveDir === PACKAGE_ROOT) return undefined
        return builder.resolve(args.path, { resolveDir: PACKAGE_ROOT, kind: args.kind })
      })
    },
  }
}

/** `*.bin` files are not inlined: they become data modules beside the code, named by their content. */
function dataModules(found: Map<string, Uint8Array>, files: Set<string>): Plugin {
  return {
    name: 'data-modules',
    setup(builder) {
      builder.onResolve({ filter: /\.bin$/ }, (args) => {
        const source = resolve(args.resolveDir, args.path)
        files.add(source)
        const content = readFileSync(source)
        const hash = createHash('sha256').update(content).digest('hex').slice(0, HASH_CHARACTERS)
        const name = `${basename(args.path, '.bin')}-${hash}.bin`
        found.set(name, content)
        return { path: `./${name}`, external: true }
      })
    },
  }
}

/** What `cloudflare:workers` exports, as far as code touches it before a request: classes to extend, values to look at. */
const STUB = `
class Base {}
const nothing = new Proxy({}, { get: () => undefined })
export { Base as DurableObject, Base as WorkerEntrypoint, Base as WorkflowEntrypoint, Base as RpcTarget, Base as RpcStub, Base as RpcPromise }
export { nothing as env, nothing as exports }
export const waitUntil = () => {}, withEnv = () => {}, withExports = () => {}, withEnvAndExports = () => {}
export default nothing
`

function stubs(): Plugin {
  return {
    name: 'engine-stubs',
    setup(builder) {
      builder.onResolve({ filter: /^cloudflare:|\.bin$/ }, (args) => ({ path: args.path, namespace: 'engine-stub' }))
      builder.onLoad({ filter: /\.bin$/, namespace: 'engine-stub' }, () => ({
        contents: 'export default new ArrayBuffer(0)',
      }))
      builder.onLoad({ filter: /^cloudflare:/, namespace: 'engine-stub' }, () => ({ contents: STUB }))
    },
  }
}
