// The secrets on their way to Cloudflare: what the Workers need and nothing else, in a file that lives as long as the upload.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BINDINGS, type DeploymentSecrets } from '../wire/deployment.ts'
import { EngineError } from './engine-error.ts'
import { SECRETS_MODE, toWorkerSecrets } from './secrets.ts'

/** Of one secret, by Cloudflare. */
const MAX_SECRET_BYTES = 5 * 1024

/**
 * Calls `use` with a file as `wrangler deploy --secrets-file` takes it, so that code and keys arrive together. Nobody else can read it,
 * and it is gone afterwards, whatever happens.
 *
 * @throws EngineError when they have become too many for one secret
 */
export async function withSecretsFile(secrets: DeploymentSecrets, use: (file: string) => Promise<void>): Promise<void> {
  const text = JSON.stringify(toWorkerSecrets(secrets))
  if (Buffer.byteLength(text) > MAX_SECRET_BYTES) {
    throw new EngineError(
      `the secrets are too long for Cloudflare: ${Buffer.byteLength(text)} bytes`,
      `a secret has ${MAX_SECRET_BYTES} bytes at most, and every rotation adds a key`,
      'Retire old keys: biplane rotate-token-key --retire, biplane rotate-operator-key --retire.',
      2,
    )
  }
  // Its mode is 700.
  const folder = mkdtempSync(join(tmpdir(), 'biplane-secrets-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.on('exit', remove)
  try {
    const file = join(folder, 'secrets.json')
    writeFileSync(file, JSON.stringify({ [BINDINGS.secrets]: text }), { mode: SECRETS_MODE })
    await use(file)
  } finally {
    process.off('exit', remove)
    remove()
  }
}
