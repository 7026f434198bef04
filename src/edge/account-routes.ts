// Accounts and their API keys.

import type { ResourceType } from '../resource-type.ts'
import type { ControlRoute } from './route.ts'

export function accountRoutes(_type: ResourceType): ControlRoute[] {
  return []
}
