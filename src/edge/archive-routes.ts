// Exporting and importing: rows page by page, the content of each as a stream.

import type { ResourceType } from '../resource-type.ts'
import { asOwner } from './account-handlers.ts'
import { resourceAnswer } from './answers.ts'
import * as handlers from './archive-handlers.ts'
import { ROW_MARK_HEADER } from '../wire/archive.ts'
import { EXAMPLE, resourceExample } from './example-values.ts'
import { MAX_IMPORT_BODY_BYTES, exportAnswer, importAnswer, importBody, loadQuery } from './archive-schemas.ts'
import type { ResourceRoute } from './route.ts'
import { exportQuery, noBody } from './schemas.ts'

const DIGEST = '9f2c1f0e4a7b6d58c3e0917ad4b2f6853c1e0d7a9b8f4e6251c3a0d9e8f7b6a5'

function rowExample({ name, visibility, metadata }: ResourceType): Readonly<Record<string, unknown>> {
  return {
    id: EXAMPLE.id(name),
    account: EXAMPLE.account,
    name: 'Field notes',
    state: 'live',
    mode: 'active',
    visibility: visibility[0],
    token_generation: 1,
    revoked_tokens: [],
    allowed_origins: [],
    hosts: [],
    settings: {},
    labels: { team: 'alpha' },
    metadata: metadata === undefined ? { project: 'p-118' } : {},
    delete_protection: false,
    create_time: EXAMPLE.time,
    update_time: EXAMPLE.time,
    incarnation: 7,
    version: 1,
    revision: 2,
  }
}

/** Of one type; of accounts they are the operator's alone, since their content is what keys are checked by. */
export function archiveRoutes(type: ResourceType, isOfAccounts: boolean): Omit<ResourceRoute, 'type'>[] {
  const { name, plural } = type
  const all = `/v1/${plural}`
  const one = `${all}/:id`
  const action = isOfAccounts ? 'export_accounts' : 'export'
  const named = (own: string, ofAccounts: string) => ({ operation: isOfAccounts ? ofAccounts : own })
  const by = isOfAccounts ? asOwner : (handle: ResourceRoute['handle']) => handle
  return [
    {
      method: 'GET',
      path: `${all}/export`,
      action,
      ...named('export', 'export_accounts'),
      summary: `Rows of ${plural} for an archive, also of deleted ones`,
      body: noBody,
      query: exportQuery,
      errors: ['not_found'],
      answers: { 200: { description: 'A page', schema: exportAnswer } },
      example: {
        query: { limit: '50' },
        answers: { 200: { deployment: 'be164faac43b15bf6ec857a8be6b5740', data: [rowExample(type)], skipped: [] } },
      },
      handle: by(handlers.exportRows),
    },
    {
      method: 'POST',
      path: `${all}/import`,
      action: 'import',
      ...named('import', 'import_accounts'),
      summary: `Take over rows of ${plural} from an archive (operator)`,
      body: importBody(type),
      maxBodyBytes: MAX_IMPORT_BODY_BYTES,
      answers: { 200: { description: 'What came of each', schema: importAnswer } },
      example: {
        body: { archive: DIGEST, dry_run: true, rows: [rowExample(type)] },
        answers: { 200: { data: [{ id: EXAMPLE.id(name), outcome: 'awaiting' }] } },
      },
      handle: by(handlers.importRows),
    },
    {
      method: 'GET',
      path: `${one}/archive`,
      action,
      ...named('dump', 'dump_account'),
      summary: `The content of a ${name} for an archive, as of one moment`,
      body: noBody,
      errors: ['not_ready', 'deleted'],
      answers: {
        200: {
          description: 'Bytes that only `PUT` reads',
          contentType: handlers.CONTENT_TYPE,
          headers: [ROW_MARK_HEADER],
        },
      },
      example: { answers: { 200: '{"schema_version":1}...' } },
      handle: by(handlers.dumpContent),
    },
    {
      method: 'PUT',
      path: `${one}/archive`,
      action: 'import',
      ...named('load', 'load_account'),
      summary: `Fill a ${name} whose row was imported (operator)`,
      body: noBody,
      streams: handlers.CONTENT_TYPE,
      query: loadQuery,
      errors: ['already_exists', 'deleted', 'not_ready', 'too_large', 'storage_full'],
      answers: {
        200: { description: `The ${name}`, schema: resourceAnswer, headers: ['ETag'] },
        202: {
          description: 'Filled; its object does not know yet that it is served.',
          schema: resourceAnswer,
          headers: ['ETag', 'Location', 'Retry-After'],
        },
      },
      example: {
        query: { archive: DIGEST, sha256: DIGEST, bytes: '3928064' },
        answers: {
          200: resourceExample(type),
          202: { ...resourceExample(type), desired_version: 3, applied_version: 2 },
        },
      },
      handle: by(handlers.loadContent),
    },
  ]
}
