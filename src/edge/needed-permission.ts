// Which permission a request for content needs, from the type's table of routes. The edge computes it; the object's gate enforces it.

import type { Permission } from '../identity/token.ts'
import type { TypeRoute } from '../resource-type.ts'

/** The permission that a request needs: the first matching route decides, else reading methods need read and the others write. */
export function neededPermission(routes: readonly TypeRoute[], method: string, path: string): Permission {
  for (const route of routes) {
    if (route.method !== method) continue
    if (route.path.endsWith('/*') ? path.startsWith(route.path.slice(0, -1)) : path === route.path)
      return route.permission
  }
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'read' : 'write'
}
