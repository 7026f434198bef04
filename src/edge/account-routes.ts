// Accounts and their API keys.

import type { ResourceType } from '../resource-type.ts'
import * as accounts from './account-handlers.ts'
import { keyAnswer, keyBody, keysAnswer, newKeyAnswer } from './account-schemas.ts'
import { archiveRoutes } from './archive-routes.ts'
import { inspectionAnswer, pageOf, resourceAnswer } from './answers.ts'
import * as handlers from './handlers.ts'
import { listResources } from './list-handlers.ts'
import type { ControlRoute, ResourceRoute, RouteAnswer } from './route.ts'
import { createBody, deleteQuery, listQuery, noBody, restoreBody, updateBody } from './schemas.ts'

export function accountRoutes(type: ResourceType): ControlRoute[] {
  const all = `/v1/${type.plural}`
  const one = `${all}/:id`
  const keys = `${one}/keys`
  const accepted: RouteAnswer = {
    description: 'Recorded; its object does not know of it yet.',
    schema: resourceAnswer,
    headers: ['ETag', 'Location', 'Retry-After'],
  }
  const changed: Record<number, RouteAnswer> = {
    200: {
      description: 'The account; `operation` is the work over all of its resources',
      schema: resourceAnswer,
      headers: ['ETag'],
    },
    202: accepted,
  }
  const routes: Omit<ResourceRoute, 'type'>[] = [
    {
      method: 'POST',
      path: all,
      action: 'create_account',
      summary: 'Create an account (operator)',
      body: createBody(type),
      headers: ['Idempotency-Key'],
      answers: {
        201: { description: 'The new account', schema: resourceAnswer, headers: ['ETag', 'Location'] },
        202: accepted,
      },
      handle: accounts.asOwner(handlers.createResource),
    },
    {
      method: 'GET',
      path: all,
      action: 'list_accounts',
      summary: 'List, filter and search accounts, or deleted ones (operator)',
      body: noBody,
      query: listQuery,
      answers: { 200: { description: 'A page, which may be short', schema: pageOf(resourceAnswer) } },
      handle: accounts.asOwner(listResources),
    },
    ...archiveRoutes(type, true),
    {
      method: 'GET',
      path: one,
      action: 'get_account',
      summary: "Get one's own account, or any (operator)",
      body: noBody,
      answers: { 200: { description: 'The account', schema: resourceAnswer, headers: ['ETag'] } },
      handle: accounts.getAccount,
    },
    {
      method: 'PATCH',
      path: one,
      action: 'update_account',
      summary: 'Change an account: suspend it, resume it, set its limits (operator)',
      body: updateBody(type),
      headers: ['If-Match'],
      answers: changed,
      handle: accounts.asOwner(handlers.updateResource),
    },
    {
      method: 'DELETE',
      path: one,
      action: 'delete_account',
      summary: 'Delete an account, or purge it (operator)',
      body: noBody,
      query: deleteQuery,
      headers: ['If-Match'],
      answers: changed,
      handle: accounts.asOwner(handlers.deleteResource),
    },
    {
      method: 'POST',
      path: `${one}/restore`,
      action: 'restore_account',
      summary: 'Restore a deleted account with its keys (operator)',
      body: restoreBody,
      headers: ['If-Match'],
      answers: changed,
      handle: accounts.asOwner(handlers.restoreResource),
    },
    {
      method: 'GET',
      path: `${one}/inspect`,
      action: 'inspect',
      summary: 'What both planes hold of an account (operator)',
      body: noBody,
      answers: { 200: { description: 'Row, unfinished work, and what the object holds', schema: inspectionAnswer } },
      handle: accounts.asOwner(handlers.inspectResource),
    },
    {
      method: 'POST',
      path: keys,
      action: 'create_key',
      summary: 'Create an API key; rotating one is creating the next and revoking it',
      body: keyBody,
      answers: { 201: { description: 'The key, shown once', schema: newKeyAnswer } },
      handle: accounts.createKey,
    },
    {
      method: 'GET',
      path: keys,
      action: 'list_keys',
      summary: "List an account's API keys",
      body: noBody,
      answers: { 200: { description: 'The keys, without their secrets', schema: keysAnswer } },
      handle: accounts.listKeys,
    },
    {
      method: 'DELETE',
      path: `${keys}/:key`,
      action: 'revoke_key',
      summary: 'Revoke an API key, at once',
      body: noBody,
      answers: { 200: { description: 'What it was', schema: keyAnswer } },
      handle: accounts.revokeKey,
    },
  ]
  return routes.map((route) => ({ ...route, type }))
}
