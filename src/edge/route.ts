// What a route of the control plane is: data, from which routing, validation, the authorisation matrix, OpenAPI, the reference page and
// the typed client come. The table itself is in routes.ts.

import type { ZodType } from 'zod'
import type { ResourceId } from '../identity/resource-id.ts'
import type { ResourceType } from '../resource-type.ts'
import type { ROW_MARK_HEADER } from '../wire/archive.ts'
import type { ErrorCode } from '../wire/errors.ts'
import type { Hosts } from './address.ts'
import type { ControlCaller } from './authorize.ts'
import type { EdgeContext } from './deployment.ts'
import type { ControlAction } from './roles.ts'

/** A validated request to a route that belongs to no resource type. */
export interface ControlRequest {
  readonly context: EdgeContext
  readonly hosts: Hosts
  /** On whose behalf: an operator may act for any account. */
  readonly caller: ControlCaller
  /** Where the caller's account has its new resources, if it says so. */
  readonly accountCell?: string
  readonly request: Request
  /** Segments of the path that the route names, such as `operation`; decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Validated by the route's schemas. */
  readonly body: unknown
  readonly query: unknown
  /** Hash of method, route and canonical body: what an idempotency key stands for. */
  fingerprint(): Promise<string>
}

/** The same to a route of one resource type. */
export interface ResourceRequest extends ControlRequest {
  readonly type: ResourceType
  /** Parsed and verified; only on routes with `:id`. */
  readonly id: ResourceId | undefined
}

export type Handler = (control: ResourceRequest) => Promise<Response>

export interface RouteAnswer {
  readonly description: string
  /** Of the JSON body; absent = no body. */
  readonly schema?: ZodType
  /** Of a body that is not JSON. */
  readonly contentType?: string
  /** That a client may look for, beyond those that every answer has. */
  readonly headers?: readonly AnswerHeader[]
}

/** Request headers that some routes understand, and others ignore. */
export type RequestHeader = 'Idempotency-Key' | 'If-Match'
export type AnswerHeader = 'ETag' | 'Location' | 'Retry-After' | typeof ROW_MARK_HEADER

/** One request that a client could send, and what comes back. */
export interface RouteExample {
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Partial<Record<RequestHeader, string>>
  readonly body?: unknown
  /** Status -> JSON body. */
  readonly answers: Readonly<Record<number, unknown>>
}

interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** As Hono writes it: `:id` is a resource identifier of the route's type, checked before the handler runs. */
  readonly path: string
  readonly action: ControlAction
  /** For the operation's name where the action alone does not tell it from others, such as `bulk_create`. */
  readonly operation?: string
  readonly summary: string
  readonly body: ZodType
  readonly query?: ZodType
  readonly headers?: readonly RequestHeader[]
  /** Largest body in bytes; default: MAX_CONTROL_BODY_BYTES. */
  readonly maxBodyBytes?: number
  /** Content type of a body that the handler reads as a stream; `body` is then `noBody`. */
  readonly streams?: string
  /** Status -> successful answers. */
  readonly answers: Readonly<Record<number, RouteAnswer>>
  /** Refusals beyond those that every route has; default: what its action suggests. */
  readonly errors?: readonly ErrorCode[]
  /** Default: the one of examples.ts. */
  readonly example?: RouteExample
}

export interface ResourceRoute extends Route {
  readonly type: ResourceType
  readonly handle: Handler
}

export interface DeploymentRoute extends Route {
  readonly type?: undefined
  readonly handle: (control: ControlRequest) => Promise<Response>
}

export type ControlRoute = ResourceRoute | DeploymentRoute
