// The control plane's routes as data: path, schemas, action and handler of each. Routing, validation, the authorisation matrix and the
// documentation come from this one table.

import type { ZodType } from 'zod'
import type { ResourceType } from '../resource-type.ts'
import type { ControlAction } from './deployment.ts'
import * as handlers from './handlers.ts'
import { createBody, deleteQuery, linkBody, listQuery, noBody, restoreBody, tokenBody, updateBody } from './schemas.ts'

export interface ControlRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** `:id` is a resource identifier of the route's type, checked before the handler runs. */
  readonly path: string
  readonly action: ControlAction
  readonly type: ResourceType
  readonly summary: string
  readonly body: ZodType
  readonly query?: ZodType
  readonly handle: handlers.Handler
}

/** Every control plane route of one type. */
export function controlRoutes(type: ResourceType): readonly ControlRoute[] {
  const all = `/v1/${type.plural}`
  const one = `${all}/:id`
  const route = (
    method: ControlRoute['method'],
    path: string,
    action: ControlAction,
    body: ZodType,
    handle: handlers.Handler,
    summary: string,
  ): ControlRoute => ({ method, path, action, type, body, handle, summary })
  return [
    route('POST', all, 'create', createBody(type), handlers.createResource, `Create a ${type.name}`),
    {
      ...route('GET', all, 'list', noBody, handlers.listResources, `List and search ${type.plural}, or deleted ones`),
      query: listQuery,
    },
    route('GET', one, 'get', noBody, handlers.getResource, `Get a ${type.name}, also a deleted one`),
    route('PATCH', one, 'update', updateBody(type), handlers.updateResource, `Change a ${type.name}`),
    {
      ...route('DELETE', one, 'delete', noBody, handlers.deleteResource, `Delete a ${type.name}, or purge it`),
      query: deleteQuery,
    },
    route(
      'POST',
      `${one}/restore`,
      'restore',
      restoreBody,
      handlers.restoreResource,
      `Restore a deleted ${type.name}, under another name if need be`,
    ),
    route(
      'POST',
      `${one}/tokens`,
      'mint_token',
      tokenBody,
      handlers.mintToken,
      `Mint a token for a ${type.name}'s content`,
    ),
    route('POST', `${one}/links`, 'mint_token', linkBody, handlers.mintLink, `Make a link that shares a ${type.name}`),
    route(
      'DELETE',
      `${one}/tokens`,
      'revoke_tokens',
      noBody,
      handlers.revokeTokens,
      `Revoke every token of a ${type.name}`,
    ),
    route('GET', `${one}/inspect`, 'inspect', noBody, handlers.inspectResource, 'What both planes hold (operator)'),
  ]
}
