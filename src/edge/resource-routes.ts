// The routes of one resource type.

import * as z from 'zod'
import type { ResourceType } from '../resource-type.ts'
import { archiveRoutes } from './archive-routes.ts'
import { inspectionAnswer, linkAnswer, operationAnswer, pageOf, resourceAnswer, tokenAnswer } from './answers.ts'
import * as handlers from './handlers.ts'
import * as grants from './grant-handlers.ts'
import * as lists from './list-handlers.ts'
import type { ResourceRoute, RouteAnswer } from './route.ts'
import {
  MAX_BULK_BODY_BYTES,
  bulkBody,
  countQuery,
  createBody,
  deleteQuery,
  emptyBody,
  linkBody,
  listQuery,
  moveBody,
  noBody,
  restoreBody,
  tokenBody,
  transferBody,
  updateBody,
} from './schemas.ts'

const ACCEPTED: RouteAnswer = {
  description: 'Recorded; the object does not know of it yet. Ask again at `Location`.',
  schema: resourceAnswer,
  headers: ['ETag', 'Location', 'Retry-After'],
}

const STARTED: RouteAnswer = {
  description: 'The operation: look at `Location` how far it is.',
  schema: operationAnswer,
  headers: ['Location', 'Retry-After'],
}

/** Every control plane route of one type. */
export function resourceRoutes(type: ResourceType): ResourceRoute[] {
  const all = `/v1/${type.plural}`
  const one = `${all}/:id`
  const { name, plural } = type
  const found: RouteAnswer = { description: `The ${name}`, schema: resourceAnswer, headers: ['ETag'] }
  const changed = { 200: found, 202: ACCEPTED }
  const routes: Omit<ResourceRoute, 'type'>[] = [
    {
      method: 'POST',
      path: all,
      action: 'create',
      summary: `Create a ${name}`,
      body: createBody(type),
      headers: ['Idempotency-Key'],
      answers: {
        201: { description: `The new ${name}`, schema: resourceAnswer, headers: ['ETag', 'Location'] },
        202: ACCEPTED,
        303: { description: `A browser, which asks for HTML, is sent to the new ${name}.`, headers: ['Location'] },
      },
      handle: handlers.createResource,
    },
    {
      method: 'GET',
      path: all,
      action: 'list',
      summary: `List, filter and search ${plural}, or deleted ones`,
      body: noBody,
      query: listQuery,
      answers: {
        200: {
          description: 'A page, which may be short',
          schema: pageOf(resourceAnswer, {
            unreachable: z
              .array(z.string())
              .optional()
              .describe('Control plane objects that did not answer (operator).'),
          }),
        },
      },
      handle: lists.listResources,
    },
    {
      method: 'GET',
      path: `${all}/count`,
      action: 'list',
      operation: 'count',
      summary: `Count ${plural}`,
      body: noBody,
      query: countQuery,
      answers: { 200: { description: 'The number', schema: z.strictObject({ count: z.int() }) } },
      handle: lists.countResources,
    },
    {
      method: 'POST',
      path: `${all}/bulk`,
      action: 'create',
      operation: 'bulk_create',
      summary: `Create up to 1,000 ${plural} at once`,
      body: bulkBody(type),
      headers: ['Idempotency-Key'],
      maxBodyBytes: MAX_BULK_BODY_BYTES,
      answers: { 202: STARTED },
      handle: handlers.bulkCreate,
    },
    {
      method: 'POST',
      path: `${all}/purge`,
      action: 'delete',
      operation: 'purge_deleted',
      summary: `Purge every deleted ${name} of the account`,
      body: emptyBody,
      errors: [],
      answers: { 202: STARTED },
      handle: handlers.purgeDeleted,
    },
    ...archiveRoutes(type, false),
    {
      method: 'GET',
      path: one,
      action: 'get',
      summary: `Get a ${name}, also a deleted one`,
      body: noBody,
      answers: { 200: found },
      handle: handlers.getResource,
    },
    {
      method: 'PATCH',
      path: one,
      action: 'update',
      summary: `Change a ${name}`,
      body: updateBody(type),
      headers: ['If-Match'],
      answers: changed,
      handle: handlers.updateResource,
    },
    {
      method: 'DELETE',
      path: one,
      action: 'delete',
      summary: `Delete a ${name}, or purge it`,
      body: noBody,
      query: deleteQuery,
      headers: ['If-Match'],
      answers: changed,
      handle: handlers.deleteResource,
    },
    {
      method: 'POST',
      path: `${one}/restore`,
      action: 'restore',
      summary: `Restore a deleted ${name}, under another name if need be`,
      body: restoreBody,
      headers: ['If-Match'],
      answers: changed,
      handle: handlers.restoreResource,
    },
    {
      method: 'POST',
      path: `${one}/transfer`,
      action: 'transfer',
      summary: `Give a ${name} to another account`,
      body: transferBody,
      headers: ['If-Match'],
      answers: changed,
      handle: handlers.transferResource,
    },
    {
      method: 'POST',
      path: `${one}/move`,
      action: 'move',
      summary: `Move a ${name} to another cell, under the same identifier`,
      body: moveBody,
      headers: ['If-Match'],
      answers: { 202: STARTED },
      handle: handlers.moveResource,
    },
    {
      method: 'POST',
      path: `${one}/tokens`,
      action: 'mint_token',
      summary: `Mint a token for a ${name}'s content`,
      body: tokenBody,
      answers: { 201: { description: 'The token, shown once', schema: tokenAnswer } },
      handle: grants.mintToken,
    },
    {
      method: 'POST',
      path: `${one}/links`,
      action: 'mint_token',
      operation: 'mint_link',
      summary: `Make a link that shares a ${name}`,
      body: linkBody,
      answers: { 201: { description: 'The link, shown once', schema: linkAnswer } },
      handle: grants.mintLink,
    },
    {
      method: 'DELETE',
      path: `${one}/tokens`,
      action: 'revoke_tokens',
      summary: `Revoke every token and link of a ${name}`,
      body: noBody,
      answers: changed,
      handle: grants.revokeTokens,
    },
    {
      method: 'DELETE',
      path: `${one}/tokens/:token`,
      action: 'revoke_tokens',
      operation: 'revoke_token',
      summary: `Revoke one token or link of a ${name}`,
      body: noBody,
      answers: changed,
      handle: grants.revokeToken,
    },
    {
      method: 'GET',
      path: `${one}/inspect`,
      action: 'inspect',
      summary: 'What both planes hold (operator)',
      body: noBody,
      answers: { 200: { description: 'Row, unfinished work, and what the object holds', schema: inspectionAnswer } },
      handle: handlers.inspectResource,
    },
  ]
  return routes.map((route) => ({ ...route, type }))
}
