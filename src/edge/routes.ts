// The table of the control plane's routes: all that there are.

import { accountRoutes } from './account-routes.ts'
import type { Deployment } from './deployment.ts'
import { deploymentRoutes } from './deployment-routes.ts'
import { resourceRoutes } from './resource-routes.ts'
import type { ControlRoute } from './route.ts'

/** Every control plane route of a deployment. */
export function controlRoutes({ types, accountType }: Pick<Deployment, 'types' | 'accountType'>): ControlRoute[] {
  return [
    ...deploymentRoutes(types),
    ...(accountType === undefined ? [] : accountRoutes(accountType)),
    ...types.flatMap(resourceRoutes),
  ]
}
