// What the person who started the server sees first.

import { createDeploymentSigner } from '../identity/deployment-signer.ts'
import type { RunningServer } from '../engine/server-options.ts'
import { DEFAULT_DATA } from './options.ts'
import type { ServeFlags } from './serve.ts'

/** Long enough to switch to a browser, short enough that a terminal's scroll-back opens nothing. */
const SIGN_IN_SECONDS = 600

/** Prints the ready line, which scripts wait for, and the rest for people. */
export async function greet(server: RunningServer, flags: ServeFlags): Promise<void> {
  const lines = [`Biplane listening on ${server.url}`]
  const link = await mintSignInLink(server)
  lines.push(
    `  sign in once, within ${SIGN_IN_SECONDS / 60} minutes: ${link}`,
    `  data: ${server.directory.path}`,
    ...(flags.app === undefined ? tryItOut(server.publicUrl, flags) : []),
  )
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** A link that signs the operator in on the main origin, once. */
async function mintSignInLink(server: RunningServer): Promise<string> {
  const { deployment } = server.secrets
  const expiresAt = Math.floor(Date.now() / 1000) + SIGN_IN_SECONDS
  const code = await createDeploymentSigner(server.secrets).mint({
    use: 'operator-code',
    type: 'operator',
    resource: deployment,
    permission: 'admin',
    generation: 0,
    expiresAt,
    endsAt: expiresAt,
  })
  return `${server.publicUrl}/sign-in?code=${code}`
}

function tryItOut(url: string, flags: ServeFlags): string[] {
  const where = [
    ...(flags.data === DEFAULT_DATA ? [] : [` --data ${quote(flags.data)}`]),
    ...(flags.secrets === undefined ? [] : [` --secrets ${quote(flags.secrets)}`]),
  ].join('')
  const authorized = `-H "Authorization: Bearer $BIPLANE_KEY"`
  const json = `-H 'Content-Type: application/json'`
  return [
    '  create a wiki, get a link to it, list wikis:',
    `    export BIPLANE_KEY=$(npx biplane operator-key${where})`,
    `    curl -X POST ${url}/v1/wikis ${authorized} ${json} -d '{"name":"Notes"}'`,
    `    curl -X POST ${url}/v1/wikis/ID/tokens ${authorized} ${json} -d '{"permission":"write"}'`,
    `    curl ${url}/v1/wikis ${authorized}`,
  ]
}

/** For a shell. */
function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
