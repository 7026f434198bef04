// The names of `biplane/client`, and nothing else.

export { createClient, type BaseClient, type Client, type ClientOptions } from './client.ts'
export { BiplaneError, type ClientErrorCode } from './errors.ts'
export type {
  Account,
  AccountLimits,
  Accounts,
  AccountSettings,
  ApiKey,
  KeyRequest,
  Keys,
  NewApiKey,
} from './accounts.ts'
export type { AnyApp, Changes, Creation, Filter, ListQuery, Resource } from './app-types.ts'
export type { AccountUsage, EventOptions, Session, UsageNow, UsageQuery, UsageRow } from './journals.ts'
export type { Cells } from './cells.ts'
export type { Listing, Page } from './listing.ts'
export type { Operations, WatchOptions } from './operations.ts'
export type {
  ArchivedResource,
  ChangeOptions,
  CreateOptions,
  ImportedResource,
  Inspection,
  Resources,
} from './resources.ts'
export type { RetryPolicy } from './retry.ts'
export type { GrantRequest, Link, Links, Token, Tokens } from './tokens.ts'
export type { CallOptions } from './transport.ts'
export type { TypeInfo, Types } from './types.ts'
export type { WaitOptions } from './wait.ts'
export type { ShardPolicy } from '../identity/shard.ts'
export type { CapabilitiesJson } from '../wire/capabilities.ts'
export type { AuditJson, EventJson } from '../wire/journal.ts'
export type { OperationJson } from '../wire/operation.ts'
