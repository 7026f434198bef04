// A catalog of the release before: its tables as that release made them, opened by this one.

import { expect, test } from 'vitest'
import { CATALOG_APP } from '../support/apps.ts'
import { create, json, mintToken } from '../support/http.ts'
import { startServer } from '../support/server.ts'
import { SETTLED, inspect, list, read, save } from './casks.ts'
import { runSql } from './control-calls.ts'

/** Of schema version 1, word for word, without its comments; the other tables are the same. */
const VERSION_1 = `
  ALTER TABLE resource RENAME TO newer_resource;
  ALTER TABLE quota RENAME TO newer_quota;
  DROP INDEX resource_by_name;
  DROP INDEX resource_by_time;
  DROP INDEX resource_restorable;
  DROP INDEX resource_unlisted;
  DROP INDEX resource_by_operation;
  DROP TABLE label;
  DROP TABLE account;
  DROP TABLE operation;
  DROP TABLE audit;
  DROP TABLE event;
  DROP TABLE usage_day;

  CREATE TABLE resource (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT,
    name_key TEXT,
    cell TEXT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('creating', 'live', 'purging', 'purged')),
    listed INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    desired_version INTEGER NOT NULL,
    applied_version INTEGER NOT NULL,
    descriptor TEXT NOT NULL,
    params TEXT,
    failure TEXT,
    labels TEXT NOT NULL,
    metadata TEXT NOT NULL,
    revision INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    delete_time INTEGER,
    clock_due INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX resource_by_name ON resource (account, name_key) WHERE name_key IS NOT NULL;
  CREATE INDEX resource_by_time ON resource (account, create_time) WHERE listed = 1;
  CREATE TABLE quota (account TEXT PRIMARY KEY, resources INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  INSERT INTO resource SELECT
    id, account, name, CASE listed WHEN 1 THEN name_key END, cell, phase, listed, incarnation, desired_version, applied_version,
    descriptor, params, failure, labels, metadata, revision, create_time, update_time, delete_time, clock_due
  FROM newer_resource;
  INSERT INTO quota SELECT account, resources FROM newer_quota;
  DROP TABLE newer_resource;
  DROP TABLE newer_quota;
  UPDATE meta SET value = '1' WHERE key = 'schema_version';
`

test('[EN4] [CP13] [CP4] a catalog of the release before is opened with all that it holds, and can do what is new', async () => {
  const timers = { deleteRetentionMs: 3_600_000, tombstoneRetentionMs: 3_600_000 }
  const server = await startServer({ app: CATALOG_APP, timers })
  const { id } = await create(server, 'casks', { name: 'Kept' })
  const { token } = await mintToken(server, 'casks', id)
  const saved = await save(server, id, token, 'of the release before')
  const { id: gone } = await create(server, 'casks', { name: 'Gone' })
  await server.fetch(`/v1/casks/${gone}?purge=true`, { method: 'DELETE' })
  await expect.poll(async () => (await inspect(server, gone)).row.phase, SETTLED).toBe('purged')
  const before = await list(server)

  await runSql(server, VERSION_1)
  const columns = await runSql(server, "SELECT name FROM pragma_table_info('resource')")
  expect(columns.map(({ name }) => name)).not.toContain('purge_time')
  await server.restart()

  expect(await list(server)).toEqual(before)
  expect(await runSql(server, "SELECT value FROM meta WHERE key = 'schema_version'")).toEqual([{ value: '6' }])
  expect(await (await server.fetch(`/v1/casks/${gone}`)).json()).toMatchObject({ state: 'deleted' })
  expect((await server.fetch(`/v1/casks/${gone}/restore`, json('POST', {}))).status).toBe(410)
  expect((await server.fetch('/v1/casks', json('POST', { name: 'KEPT' }))).status).toBe(409)
  expect((await create(server, 'casks', { name: 'gone' })).state).toBe('active')
  expect((await server.fetch(`/v1/casks/${id}`, { method: 'DELETE' })).status).toBe(200)
  expect((await list(server, '&deleted=true&q=kept')).map((one) => one.id)).toEqual([id])
  expect((await server.fetch(`/v1/casks/${id}/restore`, json('POST', {}))).status).toBe(200)
  expect(await (await read(server, id, token)).json()).toMatchObject(saved)
})
