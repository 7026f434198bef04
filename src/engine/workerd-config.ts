// The Cap'n Proto configuration of one engine process. Both processes load the same code; what differs is which objects live there,
// which socket faces the public, and to whom the binding to the other plane leads.

import { BINDINGS, TRUSTED_PEER_HEADER, cellBinding } from '../wire/deployment.ts'
import type { AppManifest, ObjectBinding } from '../wire/manifest.ts'
import { COMPATIBILITY_DATE, COMPATIBILITY_FLAGS } from './compatibility.ts'
import type { Plane } from './data-directory.ts'
import type { Peer } from './peers.ts'

export interface WorkerdConfigOptions {
  readonly plane: Plane
  readonly manifest: AppManifest
  /** File names beside the configuration; the first JavaScript module is the main one. */
  readonly modules: readonly string[]
  readonly data: readonly string[]
  /** Absolute folder of the plane's SQLite files. */
  readonly objects: string
  /** Whether a front brings the connections, and tells by the socket whether a proxy that is believed sent them. */
  readonly hasFront: boolean
  /** The servers of other cells. */
  readonly peers: readonly Peer[]
  /** Address of the other process's socket. */
  readonly peerAddress: string
  uniqueKey(className: string): string
  /** Value of the configuration binding, as JSON. */
  readonly config: string
  /** Log lines as JSON. */
  readonly structuredLogging: boolean
  /** `host:port` of a test's fault harness. */
  readonly faultsAddress?: string
}

/** Names of the sockets, given again on the command line with the descriptor that each inherits. */
export const PUBLIC_SOCKET = 'public'
/** Behind a front: for requests of proxies that are believed. */
export const TRUSTED_SOCKET = 'trusted'
export const PLANE_SOCKET = 'plane'

/** Any name works as long as both sides say the same: it marks a connection as RPC instead of a request to be served. */
const RPC_HOST = 'plane'

const PLANE_ENTRYPOINTS: Readonly<Record<Plane, string>> = { data: 'DataPlane', control: 'ControlPlane' }

/** The objects of one plane. */
export function objectsOf(manifest: AppManifest, plane: Plane): ObjectBinding[] {
  return manifest.types.map((type) => type[plane])
}

export function toWorkerdConfig(options: WorkerdConfigOptions): string {
  const { plane, faultsAddress } = options
  const objects = objectsOf(options.manifest, plane)
  const peerBinding = plane === 'data' ? BINDINGS.controlPlane : BINDINGS.dataPlane
  const services = [
    `(name = "main", worker = .main)`,
    `(name = "objects", disk = (path = ${text(options.objects)}, writable = true))`,
    `(name = "peer", external = (address = ${text(options.peerAddress)}, http = (capnpConnectHost = ${text(RPC_HOST)})))`,
    ...options.peers.map((peer) => `(name = ${text(peer.service)}, external = ${toExternal(peer)})`),
    ...(faultsAddress === undefined
      ? []
      : [`(name = "faults", external = (address = ${text(faultsAddress)}, http = ()))`]),
  ]
  const sockets = [
    ...(plane === 'data' ? publicSockets(options.hasFront) : []),
    `(name = ${text(PLANE_SOCKET)}, service = (name = "main", entrypoint = ${text(PLANE_ENTRYPOINTS[plane])}), ` +
      `http = (capnpConnectHost = ${text(RPC_HOST)}))`,
  ]
  const bindings = [
    `(name = ${text(BINDINGS.config)}, json = ${text(options.config)})`,
    // Through the environment, so that they are in no file but their own.
    `(name = ${text(BINDINGS.secrets)}, fromEnvironment = ${text(BINDINGS.secrets)})`,
    `(name = ${text(peerBinding)}, service = "peer")`,
    ...options.peers.map(({ service, code }) => `(name = ${text(cellBinding(code))}, service = ${text(service)})`),
    ...(faultsAddress === undefined ? [] : [`(name = ${text(BINDINGS.faults)}, service = "faults")`]),
    ...objects.map((object) => `(name = ${text(object.binding)}, durableObjectNamespace = ${text(object.className)})`),
  ]
  const namespaces = objects.map(
    (object) =>
      `(className = ${text(object.className)}, uniqueKey = ${text(options.uniqueKey(object.className))}, enableSql = true)`,
  )
  const modules = [
    ...options.modules.map((name) => `(name = ${text(name)}, esModule = embed ${text(name)})`),
    ...options.data.map((name) => `(name = ${text(name)}, data = embed ${text(name)})`),
  ]
  return `# Generated at every start. Changes are lost.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = ${list(services)},
  sockets = ${list(sockets)},
  logging = (structuredLogging = ${options.structuredLogging}),
);

const main :Workerd.Worker = (
  modules = ${list(modules)},
  compatibilityDate = ${text(COMPATIBILITY_DATE)},
  compatibilityFlags = ${list(COMPATIBILITY_FLAGS.map(text))},
  bindings = ${list(bindings)},
  durableObjectNamespaces = ${list(namespaces)},
  durableObjectStorage = (localDisk = "objects"),
);
`
}

/** What clients send under the header's name is gone either way. */
function publicSockets(hasFront: boolean): string[] {
  const socket = (name: string, http: string): string => `(name = ${text(name)}, service = "main", http = (${http}))`
  if (!hasFront) return [socket(PUBLIC_SOCKET, '')]
  const header = `name = ${text(TRUSTED_PEER_HEADER)}`
  return [
    socket(PUBLIC_SOCKET, `injectRequestHeaders = [(${header})]`),
    socket(TRUSTED_SOCKET, `injectRequestHeaders = [(${header}, value = "yes")]`),
  ]
}

/** TLS, if the address says so, with the name that the address has. */
function toExternal({ address, certificates }: Peer): string {
  if (address.startsWith('unix:')) return `(address = ${text(address)}, http = ())`
  const { protocol, host, hostname } = new URL(address)
  if (protocol === 'http:') return `(address = ${text(host)}, http = ())`
  const trusted = certificates === undefined ? '' : `, trustedCertificates = [${certificates.map(text).join(', ')}]`
  return `(address = ${text(host)}, https = (tlsOptions = (trustBrowserCas = true${trusted}), certificateHost = ${text(hostname)}))`
}

/** A Cap'n Proto string literal. It has the escapes of C; JSON's `\\uXXXX` is not among them, so bytes beyond ASCII stay as they are. */
function text(value: string): string {
  const escaped = value.replaceAll(/[\\"]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)
  return `"${escaped}"`
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '[]' : `[\n    ${items.join(',\n    ')},\n  ]`
}
