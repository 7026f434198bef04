// Which host and path a request is for. By index, before any router: parsing a URL object costs more than everything else that the
// data path does at the edge.

import type { DeploymentConfig } from '../wire/deployment.ts'
import type { Hop } from '../wire/hop.ts'
import type { Forwarded } from './proxy.ts'

export type Address =
  /** The main origin: control plane API, and content for API clients below /{plural}/{id}/. */
  | {
      readonly kind: 'main'
      readonly path: string
      readonly query: string
      readonly origin: string
      readonly hop?: Hop
      /** Of a hop: the identifier that was looked at. */
      readonly sentFor?: string
    }
  /** A resource's own origin `{id}.{apex}`, or a host name of its owner's own, which a trusted proxy has mapped to that one. */
  | {
      readonly kind: 'own'
      readonly label: string
      readonly path: string
      readonly query: string
      readonly origin: string
      /** The owner's host name, without a port. The object confirms it. */
      readonly customHost?: string
      /** Sent by another cell of this deployment. */
      readonly hop?: Hop
    }
  /** A host that this deployment does not serve: DNS rebinding, or a missing --public-url. */
  | { readonly kind: 'foreign'; readonly host: string; readonly path: string }

/** Hosts by which this deployment answers, computed once from its configuration. */
export interface Hosts {
  readonly scheme: string
  /** `:8787`, or '' for the scheme's default port. */
  readonly port: string
  readonly main: ReadonlySet<string>
  /** `.localhost:8787` */
  readonly ownSuffix: string
}

export function toHosts(config: DeploymentConfig): Hosts {
  const url = new URL(config.publicUrl)
  const port = url.port === '' ? '' : `:${url.port}`
  const main = new Set([url.host])
  // The same machine by its other names: what people type when the server listens on loopback.
  if (url.hostname === '127.0.0.1' || url.hostname === 'localhost' || url.hostname === '[::1]') {
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) main.add(name + port)
  }
  return { scheme: url.protocol, port, main, ownSuffix: `.${config.apex}${port}` }
}

/** What may stand in a `Location` and in the principal's header. */
const HOST_NAME = /^([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d{1,5})?$/

/**
 * @param url absolute, as the engine gives it: the host is the Host header
 * @param forwarded what a trusted proxy says. A host that is not ours counts only where the Host header is a resource's own host: by
 * that the proxy says whose it is, and the tag in it says that it was issued.
 */
export function toAddress(hosts: Hosts, url: string, forwarded?: Forwarded): Address {
  const hostStart = url.indexOf('://') + 3
  const firstSlash = url.indexOf('/', hostStart)
  const pathStart = firstSlash === -1 ? url.length : firstSlash
  const received = url.slice(hostStart, pathStart).toLowerCase()
  const host = forwarded?.host.toLowerCase() ?? received
  const queryStart = url.indexOf('?', pathStart)
  const path = queryStart === -1 ? url.slice(pathStart) : url.slice(pathStart, queryStart)
  const query = queryStart === -1 ? '' : url.slice(queryStart)
  const origin = `${hosts.scheme}//${host}`
  if (hosts.main.has(host)) return { kind: 'main', path, query, origin }
  const label = labelOf(hosts, host)
  if (label !== undefined) return { kind: 'own', label, path, query, origin }
  const mapped = labelOf(hosts, received)
  const customHost = HOST_NAME.exec(host)?.[1]
  if (mapped === undefined || customHost === undefined) return { kind: 'foreign', host, path }
  return {
    kind: 'own',
    label: mapped,
    path,
    query,
    origin: `${forwarded?.scheme ?? hosts.scheme}//${host}`,
    customHost,
  }
}

function labelOf({ ownSuffix }: Hosts, host: string): string | undefined {
  return host.endsWith(ownSuffix) ? host.slice(0, -ownSuffix.length) : undefined
}

/** The own origin of a resource, such as `http://wiki-4k7t0qj9m2xdpw3r-local-1vhz01ab.localhost:8787`. */
export function ownOriginOf(hosts: Hosts, id: string): string {
  return `${hosts.scheme}//${id}${hosts.ownSuffix}`
}
