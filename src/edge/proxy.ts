// Reverse proxies that the operator trusts: only their X-Forwarded-* headers are believed.

import ipaddr from 'ipaddr.js'

/** The host that the client asked a trusted proxy for, or null. */
export function forwardedHostOf(request: Request, trustedProxies: readonly string[]): string | null {
  if (trustedProxies.length === 0) return null
  const host = request.headers.get('x-forwarded-host')
  return host !== null && isTrusted(request, trustedProxies) ? host : null
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
