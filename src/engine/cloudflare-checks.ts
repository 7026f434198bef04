// What Cloudflare would refuse, or accept and get wrong, is refused before anything is written: each with what, why and how to fix it.

import { checkCellTable, placeOf, type CellTable } from '../identity/cell.ts'
import { BINDINGS, cellBinding } from '../wire/deployment.ts'
import type { AppManifest } from '../wire/manifest.ts'
import { EngineError, reasonOf } from './engine-error.ts'
import { classesOf } from './object-migrations.ts'
import { checkTypeCells } from './type-cells.ts'

export interface CloudflareTarget {
  readonly publicUrl: string
  /** {@link NO_APEX} = none. */
  readonly apex: string
  readonly pathCapabilities?: boolean
  readonly cells: CellTable
  /** Where resources are made whose creator's place is not known. */
  readonly cell: string
}

/** As when it is served: the name below which no browser finds a server of ours. */
export const NO_APEX = 'localhost'

/** The exported entrypoints of every app. */
const ENTRYPOINTS: readonly string[] = ['ControlPlane', 'DataPlane']

/** @param isLocal for `wrangler dev` on this machine: no zone, no TLS @throws EngineError naming the first thing that cannot work */
export function checkCloudflare(manifest: AppManifest, target: CloudflareTarget, isLocal: boolean): void {
  if (!isLocal) checkHosts(target)
  checkNames(manifest, target.cells)
  checkCells(target)
  checkTypeCells(manifest, target.cells)
}

/** Whether the URL is of this very machine. */
export function isLoopback(publicUrl: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(publicUrl).hostname)
}

function checkHosts({ publicUrl, apex, pathCapabilities }: CloudflareTarget): void {
  const { protocol, hostname, port } = new URL(publicUrl)
  if (protocol !== 'https:' || port !== '') {
    throw refusal(
      `--public-url ${publicUrl} is not https on its usual port`,
      'browsers do not keep our cookies on plain http, and a route has no port',
      'Use https://HOST, a name in a zone of your Cloudflare account.',
    )
  }
  if (apex === NO_APEX && pathCapabilities !== true) {
    throw refusal(
      'there is no --apex',
      'pages of resources need origins of their own',
      'Add --apex HOST, a name of its own whose subdomains (*.HOST) are in a zone of your account; or, without such a name, --path-capabilities.',
    )
  }
  const isOne = hostname === apex
  if (!isOne && !hostname.endsWith(`.${apex}`) && !apex.endsWith(`.${hostname}`)) return
  throw refusal(
    `--apex ${apex} and the host of --public-url ${publicUrl} are ${isOne ? 'the same' : 'one below the other'}`,
    "pages of resources could set cookies for the console's host",
    'Give resources a name beside it, such as --public-url https://console.example.com --apex wikis.example.com; best, a domain of their own.',
  )
}

/** The classes and bindings of two types must not meet, nor those that every deployment has. */
function checkNames(manifest: AppManifest, cells: CellTable): void {
  const bindings = manifest.types.flatMap(({ control, data }) => [control.binding, data.binding])
  const taken = [
    ...ENTRYPOINTS,
    ...Object.values(BINDINGS),
    ...Object.keys(cells).map(cellBinding),
    ...classesOf(manifest),
    ...bindings,
  ]
  const twice = taken.find((name, index) => taken.indexOf(name) !== index)
  if (twice === undefined) return
  throw refusal(
    `two things of this app have the name ${twice}`,
    'classes and bindings of a Worker have one name space',
    'Rename one of the resource types; its name is in every identifier, so choose before the first deployment.',
  )
}

function checkCells({ cells, cell }: CloudflareTarget): void {
  try {
    checkCellTable(cells)
  } catch (thrown) {
    throw refusal('the cells cannot be deployed', reasonOf(thrown), 'Correct the cells file.')
  }
  for (const [code, { address }] of Object.entries(cells)) {
    if (address === undefined || address.startsWith('https:')) continue
    throw refusal(
      `cell "${code}": Cloudflare cannot reach ${address}`,
      'a Worker reaches other machines over the public network only',
      `Give ${code} an https address, or leave the address out: then its objects live on Cloudflare.`,
    )
  }
  const place = placeOf(cells, cell)
  if (place === undefined || place.address !== undefined) {
    throw refusal(
      `--cell ${cell} is no cell on Cloudflare`,
      place === undefined ? `the cells are ${Object.keys(cells).join(', ')}` : `it has the address ${place.address}`,
      'Name one that has no address.',
    )
  }
}

function refusal(what: string, why: string, fix: string): EngineError {
  return new EngineError(what, why, fix, 2)
}
