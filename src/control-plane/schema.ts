// The tables of one control plane object (a shard). Each is written by the module that is named after it, and by nobody else.

import { ResourceError } from '../wire/errors.ts'

const STEPS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE resource (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    name TEXT,
    name_key TEXT,                       -- case-folded; NULL when there is no name or it was released
    cell TEXT NOT NULL,                  -- where the object is
    phase TEXT NOT NULL CHECK (phase IN ('creating', 'live', 'purging', 'purged')),
    listed INTEGER NOT NULL,             -- 0 once deleted: out of lists and counts
    incarnation INTEGER NOT NULL,
    desired_version INTEGER NOT NULL,
    applied_version INTEGER NOT NULL,    -- 0: the object never answered
    descriptor TEXT NOT NULL,            -- the desired one
    params TEXT,                         -- kept until the object has them
    failure TEXT,                        -- why a creation was given up
    labels TEXT NOT NULL,
    metadata TEXT NOT NULL,
    revision INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    delete_time INTEGER,
    clock_due INTEGER                    -- shard time: when a creation is given up, or a tombstone forgotten
  ) STRICT;
  CREATE UNIQUE INDEX resource_by_name ON resource (account, name_key) WHERE name_key IS NOT NULL;
  CREATE INDEX resource_by_time ON resource (account, create_time) WHERE listed = 1;

  CREATE TABLE work (
    key TEXT PRIMARY KEY,                -- of lifecycle work: the resource's identifier
    kind TEXT NOT NULL,
    due INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    cursor TEXT                          -- how far work of several steps has come
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX work_by_due ON work (due);

  CREATE TABLE quota (account TEXT PRIMARY KEY, resources INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE idempotency (
    account TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, resource TEXT NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (account, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_by_expiry ON idempotency (expires);
  CREATE INDEX idempotency_by_resource ON idempotency (resource);

  CREATE TABLE used_code (token_id TEXT PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  // What was deleted can be restored for a while; objects report their usage.
  `
  ALTER TABLE resource ADD COLUMN purge_time INTEGER;       -- wall time, for people; NULL: cannot be restored
  ALTER TABLE resource ADD COLUMN previous_mode TEXT;       -- what restoring brings back
  ALTER TABLE resource ADD COLUMN usage_bytes INTEGER;
  ALTER TABLE resource ADD COLUMN usage_write_time INTEGER;
  ALTER TABLE resource ADD COLUMN usage_report_time INTEGER;
  CREATE INDEX resource_restorable ON resource (account, create_time) WHERE purge_time IS NOT NULL;

  -- A deleted resource keeps its name's key, by which it is searched, but not the name.
  DROP INDEX resource_by_name;
  CREATE UNIQUE INDEX resource_by_name ON resource (account, name_key) WHERE listed = 1 AND name_key IS NOT NULL;

  ALTER TABLE quota ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
  `,
  // Accounts: holds and limits for all that one has, labels that lists filter by, lifetimes, operations, journals, usage by day, moves.
  `
  ALTER TABLE resource ADD COLUMN own_mode TEXT NOT NULL DEFAULT 'active'; -- what its owner wants; the descriptor has the stricter of it and the account's
  UPDATE resource SET own_mode = coalesce(previous_mode, nullif(json_extract(descriptor, '$.mode'), 'deleted'), 'active');
  ALTER TABLE resource DROP COLUMN previous_mode;
  ALTER TABLE resource ADD COLUMN protected INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE resource ADD COLUMN expire_time INTEGER;      -- wall time, for people: when it is deleted by itself
  ALTER TABLE resource ADD COLUMN life_due INTEGER;         -- shard time at which it is looked at, and perhaps deleted by itself
  ALTER TABLE resource ADD COLUMN operation TEXT;           -- the bulk creation that it is part of
  CREATE INDEX resource_unlisted ON resource (account, create_time) WHERE listed = 0;
  CREATE INDEX resource_by_operation ON resource (operation) WHERE operation IS NOT NULL;

  -- Of resources that are listed or can be restored; create_time is unique in a shard.
  CREATE TABLE label (
    account TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, create_time INTEGER NOT NULL, resource TEXT NOT NULL,
    PRIMARY KEY (account, key, value, create_time)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO label SELECT account, j.key, j.value, create_time, resource.id FROM resource, json_each(resource.labels) AS j
    WHERE listed = 1 OR purge_time IS NOT NULL;

  ALTER TABLE quota ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;      -- as last reported
  ALTER TABLE quota ADD COLUMN rate_tokens REAL;                      -- creations that may still be begun at once ...
  ALTER TABLE quota ADD COLUMN rate_time INTEGER NOT NULL DEFAULT 0;  -- ... as of this time
  UPDATE quota SET bytes = coalesce((SELECT sum(usage_bytes) FROM resource WHERE resource.account = quota.account AND phase <> 'purged'), 0);

  -- An account without a row is here if the policy says so, is not held, and has no limits of its own.
  CREATE TABLE account (
    account TEXT PRIMARY KEY,
    place TEXT NOT NULL CHECK (place IN ('here', 'leaving', 'arriving', 'sealed', 'gone')),
    place_epoch INTEGER NOT NULL,        -- of the policy by which it came or goes
    peer TEXT,                           -- the object that it comes from or goes to
    hold TEXT NOT NULL,                  -- mode of the account as a whole
    hold_version INTEGER NOT NULL,
    limits TEXT NOT NULL,
    is_over INTEGER NOT NULL             -- over its limit of bytes: read-only until it is not
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE operation (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'cancelled')),
    total INTEGER NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    error TEXT,
    subject TEXT NOT NULL,
    cursor TEXT,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX operation_by_time ON operation (account, create_time);

  CREATE TABLE audit (
    account TEXT NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, resource TEXT,
    outcome TEXT NOT NULL, request_id TEXT NOT NULL, PRIMARY KEY (account, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX audit_by_time ON audit (time);

  CREATE TABLE event (
    account TEXT NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL, kind TEXT NOT NULL, resource TEXT, data TEXT NOT NULL,
    PRIMARY KEY (account, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX event_by_time ON event (time);

  CREATE TABLE usage_day (
    account TEXT NOT NULL, day INTEGER NOT NULL, resource TEXT NOT NULL, bytes INTEGER NOT NULL, requests INTEGER NOT NULL,
    writes INTEGER NOT NULL, PRIMARY KEY (account, day, resource)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX usage_day_by_day ON usage_day (day);
  `,
  // What could not be written to was not idle. Operations are kept for long: neither their sweep nor a new one looks at all of them.
  `
  ALTER TABLE resource ADD COLUMN awake_time INTEGER;       -- wall time since when it can be written to again
  CREATE INDEX operation_running ON operation (account) WHERE state = 'running';
  CREATE INDEX operation_ended ON operation (update_time) WHERE state <> 'running';
  `,
  // What was imported: from which archive, and, while its object is yet to be filled, what it becomes then.
  `
  ALTER TABLE resource ADD COLUMN archive TEXT;
  ALTER TABLE resource ADD COLUMN awaiting TEXT;
  `,
  // Resources move to other cells.
  `
  -- Where the object is and was; NULL: where its identifier says.
  ALTER TABLE resource ADD COLUMN place TEXT;
  -- The move that is under way.
  ALTER TABLE resource ADD COLUMN moving TEXT;
  `,
]

/**
 * Brings the tables to this release's form: each missing step in a transaction of its own, together with its number.
 *
 * @throws ResourceError `unavailable` when a newer release wrote them
 */
export function openSchema(storage: DurableObjectStorage): void {
  const stored = schemaVersion(storage.sql)
  if (stored > STEPS.length) {
    throw new ResourceError('unavailable', 'The catalog was written by a newer release: upgrade the server.')
  }
  for (let version = stored; version < STEPS.length; version++) {
    storage.transactionSync(() => {
      storage.sql.exec(STEPS[version] ?? '')
      storage.sql.exec(
        `INSERT INTO meta (key, value) VALUES ('schema_version', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
        String(version + 1),
      )
    })
  }
}

function schemaVersion(sql: SqlStorage): number {
  const hasMeta = sql.exec("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").toArray().length === 1
  if (!hasMeta) return 0
  return Number(sql.exec<{ value: string }>("SELECT value FROM meta WHERE key = 'schema_version'").one().value)
}
