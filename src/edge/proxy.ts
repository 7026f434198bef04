// Reverse proxies that the operator trusts: only their X-Forwarded-* headers are believed.

import ipaddr from 'ipaddr.js'
import { TRUSTED_PEER_HEADER, type DeploymentConfig } from '../wire/deployment.ts'

/** What the client asked a trusted proxy for. */
export interface Forwarded {
  readonly host: string
  /** Absent when the proxy does not say, or says something else. */
  readonly scheme?: 'http:' | 'https:'
}

/** undefined when nobody who is trusted says anything. */
export function forwardedOf(
  request: Request,
  { trustedProxies, hasFront = false }: Pick<DeploymentConfig, 'trustedProxies' | 'hasFront'>,
): Forwarded | undefined {
  if (trustedProxies.length === 0) return undefined
  const host = request.headers.get('x-forwarded-host')
  if (host === null) return undefined
  // A front has looked at the address already; here it would be the front's own.
  if (!(hasFront ? request.headers.has(TRUSTED_PEER_HEADER) : isTrusted(request, trustedProxies))) return undefined
  const proto = request.headers.get('x-forwarded-proto')
  return proto === 'https' || proto === 'http' ? { host, scheme: `${proto}:` } : { host }
}

function isTrusted(request: Request, trustedProxies: readonly string[]): boolean {
  const clientIp = withoutPort((request.cf as { clientIp?: string } | undefined)?.clientIp ?? '')
  if (!ipaddr.isValid(clientIp)) return false
  const address = ipaddr.process(clientIp)
  return trustedProxies.some((cidr) => {
    const [network, bits] = ipaddr.parseCIDR(cidr)
    return network.kind() === address.kind() && address.match([network, bits] as [ipaddr.IPv4, number])
  })
}

/** The engine says `127.0.0.1:40123` and `[::1]:40123`. */
function withoutPort(peer: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(peer)?.[1] ?? /^([\d.]+):\d+$/.exec(peer)?.[1] ?? peer
}
