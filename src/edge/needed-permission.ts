// Which permission a request for content needs, from the type's table of routes. The edge computes it; the object's gate enforces it.

import type { Permission } from '../identity/token.ts'
import type { TypeRoute } from '../resource-type.ts'

/**
 * The permission that a request needs: the first matching route decides, else reading methods need read and the others write.
 *
 * @param path as the object will see it: normalised by the URL parser
 */
export function neededPermission(routes: readonly TypeRoute[], method: string, path: string): Permission {
  const declared = find(routes, method, path) ?? (method === 'HEAD' ? find(routes, 'GET', path) : undefined)
  if (declared !== undefined) return declared.permission
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'read' : 'write'
}

function find(routes: readonly TypeRoute[], method: string, path: string): TypeRoute | undefined {
  return routes.find(
    (route) =>
      route.method === method &&
      (route.path.endsWith('/*') ? path.startsWith(route.path.slice(0, -1)) : path === route.path),
  )
}
