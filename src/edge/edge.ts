// What an isolate makes once for a deployment, and every request uses.

import { toHosts, type Hosts } from './address.ts'
import { toAssetTable } from './assets.ts'
import { createControlApi, type ControlApi } from './control-api.ts'
import { TokenCache } from './credentials.ts'
import type { Deployment } from './deployment.ts'
import { ApiDocuments } from './api-documents.ts'
import { RequestMetrics } from './metrics.ts'
import { RateLimiter } from './rate-limit.ts'
import { Whereabouts } from './whereabouts.ts'

export interface Edge {
  readonly hosts: Hosts
  readonly cache: TokenCache
  readonly limiter: RateLimiter
  readonly api: ControlApi
  readonly documents: ApiDocuments
  readonly assets: ReturnType<typeof toAssetTable>
  readonly metrics: RequestMetrics
  readonly whereabouts: Whereabouts
}

export function createEdge(deployment: Deployment): Edge {
  return {
    hosts: toHosts(deployment.config),
    cache: new TokenCache(deployment.signer),
    limiter: new RateLimiter(),
    api: createControlApi(deployment),
    documents: new ApiDocuments(deployment),
    assets: toAssetTable(deployment.types, deployment.console),
    metrics: new RequestMetrics(),
    whereabouts: new Whereabouts(),
  }
}
