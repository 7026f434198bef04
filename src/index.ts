// The public names, and nothing else.

export { createApp, type App, type AppOptions, type ControlCalls } from './app.ts'
export { ResourceObject, type RequestContext } from './data-plane/object.ts'
export type { Migration } from './data-plane/storage.ts'
export type { AuthenticatedCaller, BuilderHooks, ControlAction } from './edge/deployment.ts'
export type { Capability } from './identity/capabilities.ts'
export type { CellPlace, CellTable, Engine } from './identity/cell.ts'
export { byAccount, byRegion, hashed, single, type ShardPolicy } from './identity/shard.ts'
export type { Permission } from './identity/token.ts'
export {
  defineResourceType,
  type Asset,
  type ConsoleFiles,
  type ResourceType,
  type ResourceTypeHooks,
  type ResourceTypeOptions,
  type TypeLifetime,
  type TypeRoute,
} from './resource-type.ts'
export type { Descriptor, Mode, Visibility } from './wire/descriptor.ts'
export type { DeploymentConfig, DeploymentSecrets } from './wire/deployment.ts'
export { ERROR_CODES, ResourceError, type ErrorCode } from './wire/errors.ts'
export type { AppManifest } from './wire/manifest.ts'
export type { ResourceJson, ResourceRecord } from './wire/resource.ts'
