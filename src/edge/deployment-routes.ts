// Routes that belong to no resource type: operations, usage, audit, events, who is asking.

import * as z from 'zod'
import type { ResourceType } from '../resource-type.ts'
import { auditAnswer, eventAnswer, operationAnswer, pageOf, usageRowAnswer } from './answers.ts'
import { capabilitiesAnswer, getCapabilities } from './capabilities.ts'
import { serveSession } from './console.ts'
import * as journals from './journal-handlers.ts'
import * as operations from './operation-handlers.ts'
import * as policies from './policy-handlers.ts'
import { reconcileAnswer, reconcileCell } from './reconcile-handler.ts'
import type { DeploymentRoute } from './route.ts'
import { emptyBody, noBody, pageQuery, usageQuery } from './schemas.ts'
import * as usage from './usage-handlers.ts'

export function deploymentRoutes(_types: readonly ResourceType[]): DeploymentRoute[] {
  return [
    {
      method: 'GET',
      path: '/v1/session',
      action: 'get_session',
      summary: 'Who is asking, and what there is to manage',
      body: noBody,
      answers: { 200: { description: 'The caller', schema: z.looseObject({ account: z.string(), role: z.string() }) } },
      handle: async ({ context, caller }) => serveSession(context, caller),
    },
    {
      method: 'GET',
      path: '/v1/capabilities',
      action: 'get_capabilities',
      summary: 'What the engine and each cell can do, and where resources of each type can be',
      body: noBody,
      answers: { 200: { description: 'The deployment', schema: capabilitiesAnswer } },
      handle: getCapabilities,
    },
    {
      method: 'GET',
      path: '/v1/operations',
      action: 'list_operations',
      summary: 'List operations, newest first of each type',
      body: noBody,
      query: pageQuery,
      answers: { 200: { description: 'A page', schema: pageOf(operationAnswer) } },
      handle: operations.listOperations,
    },
    {
      method: 'GET',
      path: '/v1/operations/:operation',
      action: 'get_operation',
      summary: 'Get an operation',
      body: noBody,
      answers: { 200: { description: 'The operation', schema: operationAnswer } },
      handle: operations.getOperation,
    },
    {
      method: 'POST',
      path: '/v1/operations/:operation/cancel',
      action: 'cancel_operation',
      summary: 'Cancel an operation that can be; what it has done stays',
      body: emptyBody,
      answers: { 200: { description: 'The operation', schema: operationAnswer } },
      handle: operations.cancelOperation,
    },
    {
      method: 'GET',
      path: '/v1/usage',
      action: 'get_usage',
      summary: 'Usage by day and resource, and what the account has now',
      body: noBody,
      query: usageQuery,
      answers: {
        200: {
          description: 'A page; reports are lazy, see `report_interval_seconds`',
          schema: pageOf(usageRowAnswer, {
            account: z.string(),
            report_interval_seconds: z.number(),
            now: z.record(
              z.string(),
              z.strictObject({ resources: z.int(), deleted: z.int(), bytes: z.int(), hold: z.string() }),
            ),
          }),
        },
      },
      handle: usage.getUsage,
    },
    {
      method: 'GET',
      path: '/v1/audit',
      action: 'list_audit',
      summary: 'Who asked for which change, oldest first of each type',
      body: noBody,
      query: pageQuery,
      answers: { 200: { description: 'A page', schema: pageOf(auditAnswer) } },
      handle: journals.listAudit,
    },
    {
      method: 'GET',
      path: '/v1/events',
      action: 'list_events',
      summary: 'What happened to resources, oldest first of each type; keep the cursor and come back for what is new',
      body: noBody,
      query: pageQuery,
      answers: {
        200: {
          description: 'A page. Its `next_cursor` is there always: it is the position in the feed',
          schema: pageOf(eventAnswer),
        },
      },
      handle: journals.listEvents,
    },
    {
      method: 'GET',
      path: '/v1/types',
      action: 'get_policy',
      summary: 'Resource types, and how the accounts of each are spread over control plane objects (operator)',
      body: noBody,
      answers: { 200: { description: 'All types', schema: z.strictObject({ data: z.array(policies.typeAnswer) }) } },
      handle: policies.listTypes,
    },
    {
      method: 'PUT',
      path: '/v1/types/:type/policy',
      action: 'reshard',
      summary: 'Spread the accounts of a type in another way: each moves while it goes on being served (operator)',
      body: policies.policyBody,
      answers: { 202: { description: 'The operation', schema: operationAnswer } },
      handle: policies.putPolicy,
    },
    {
      method: 'POST',
      path: '/v1/cells/:cell/reconcile',
      action: 'reconcile',
      operation: 'reconcile_cell',
      summary: 'Tell what is in a cell that came back from a backup what has happened since (operator)',
      body: emptyBody,
      answers: { 202: { description: 'An operation for each type', schema: reconcileAnswer } },
      handle: reconcileCell,
    },
  ]
}
