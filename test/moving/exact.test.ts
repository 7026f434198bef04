// A copy has everything, exactly; what it would lose, or what could not be loaded again, is refused by name before anything begins.

import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startAfter, cliOf } from '../support/archives.ts'
import { makeResource, problem, type OwnedResource } from '../support/http.ts'
import type { LogLine } from '../support/engine-log.ts'
import { ROOT, makeTestDirectory, startServer, type TestServer } from '../support/server.ts'
import { CELLS_FILE, askToMove, beginMove, checksum, ended, inspect, moved } from './movers.ts'

const APP = { app: `${ROOT}test/support/apps/exact.ts`, args: ['--cell', 'local', '--cells-file', CELLS_FILE] }

let server: TestServer

beforeAll(async () => {
  server = await startServer(APP)
})

/** With what answers a statement's rows. @throws Error unless it is taken */
async function cabinet(plural = 'cabinets'): Promise<OwnedResource & { run: (sql: string) => Promise<unknown[]> }> {
  const made = await makeResource(server, plural)
  return {
    ...made,
    run: async (sql) => {
      const response = await made.ask('run', { method: 'POST', body: sql })
      if (response.status !== 200) throw new Error(`${sql}: ${response.status} ${await response.text()}`)
      return (await response.json()) as unknown[]
    },
  }
}

/** Rows as many as that: `n` counts from 1. */
const rows = (count: number, insert: string): string =>
  `WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < ${count}) ${insert} FROM row`

const EXACT = (value: string): string =>
  `typeof(${value}) AS kind, CAST(${value} AS TEXT) AS text, hex(${value}) AS bytes, 7 / ${value} AS divided`

describe('a copy', () => {
  test('[MV9] has integers as integers, whatever the column, text that is no UTF-8, and zeros with their sign', async () => {
    const { id, ask, run } = await cabinet()
    await run(`INSERT INTO loose VALUES ('integer', 3), ('real', 3.0), ('zero', 0), ('minus zero', -0.0), ('large', 9007199254740992),
      ('huge', 1e20), ('digits', '3'), ('null', NULL), ('nul', 'a' || char(0) || 'b'), ('bytes', CAST(x'ff41' AS TEXT)),
      ('surrogate', CAST(x'eda080' AS TEXT)), ('replacement', char(65533)), ('mark', char(65279) || 'x'), (CAST(x'c0' AS TEXT), 'key'),
      ('blob', x'ff41'), ('least', -9223372036854775808)`)
    await run("INSERT INTO strict VALUES ('integer', 3), ('real', 3.0), ('text', '3')")
    await run(
      "INSERT INTO typed VALUES ('all', 3, 3.0, 3, 3), ('odd', 'x', x'00', 0.1, 9007199254740993), ('none', NULL, 1e20, -0.0, '')",
    )
    const read = async (): Promise<unknown[]> => [
      await run(`SELECT hex(k) AS k, ${EXACT('v')} FROM loose ORDER BY k`),
      await run(`SELECT k, ${EXACT('v')} FROM strict ORDER BY k`),
      ...(await Promise.all(['i', 'n', 'r', 't'].map((name) => run(`SELECT k, ${EXACT(name)} FROM typed ORDER BY k`)))),
      // A double's sign is all that tells one from the other.
      await run("SELECT k, format('%+f', v) AS signed FROM loose WHERE k LIKE '%zero'"),
    ]
    const [before, dump] = [await read(), await checksum(ask('dump'))]
    await moved(server, 'cabinets', id, 'other')
    expect(await read()).toEqual(before)
    expect(await checksum(ask('dump'))).toBe(dump)
    expect(await (await ask('dump')).text()).toContain('{"real":"-0"}')
  })

  test('[MV9] has every row, whatever orders them: no ids, another collation, several types in a key, a hidden rowid', async () => {
    const { id, ask, run } = await cabinet()
    await run(rows(2_500, "INSERT INTO descending (v) SELECT 'row ' || n"))
    await run('INSERT INTO descending (id, v) VALUES (7, NULL)')
    await run(rows(700, "INSERT INTO folded SELECT 'k' || n, n"))
    await run(rows(700, "INSERT INTO folded SELECT 'K' || n, n"))
    await run(rows(700, "INSERT INTO backwards SELECT n / 3, 'b' || n, n"))
    await run(rows(700, "INSERT INTO backwards SELECT CAST(n / 3 AS TEXT), 'b' || n, n"))
    await run(rows(700, "INSERT INTO backwards SELECT CAST(CAST(n / 3 AS TEXT) AS BLOB), 'b' || n, n"))
    await run(
      rows(700, "INSERT INTO backwards SELECT 9007199254740993 + n, CAST(unhex(format('ff%04x', n)) AS TEXT), n"),
    )
    await run(rows(1_500, "INSERT INTO shadowed (rowid, v) SELECT 'same', n"))
    await run('INSERT INTO counted (id) VALUES (9007199254740993)')
    await run('DELETE FROM counted')
    await run(`INSERT INTO broad VALUES (${Array.from({ length: 99 }, (_, index) => index).join(', ')})`)
    await run(`INSERT INTO broadest VALUES (${Array.from({ length: 100 }, (_, index) => `'${index}'`).join(', ')})`)
    const counts = `SELECT (SELECT count(*) FROM descending) AS d, (SELECT count(id) FROM descending) AS ids, (SELECT count(*) FROM folded) AS f,
      (SELECT count(*) FROM backwards) AS b, (SELECT count(*) FROM shadowed) AS s, (SELECT CAST(seq AS TEXT) FROM sqlite_sequence) AS next`
    const before = [await run(counts), await run('SELECT * FROM broad'), await checksum(ask('dump'))]
    expect(before[0]).toEqual([{ d: 2_501, ids: 1, f: 1_400, b: 2_800, s: 1_500, next: '9007199254740993' }])
    await moved(server, 'cabinets', id, 'other')
    expect([await run(counts), await run('SELECT * FROM broad'), await checksum(ask('dump'))]).toEqual(before)
    expect(await run('INSERT INTO counted DEFAULT VALUES RETURNING CAST(id AS TEXT) AS id')).toEqual([
      { id: '9007199254740994' },
    ])
  })

  test('[MV9] leaves what it is a copy of as it was', async () => {
    const { ask, run } = await cabinet()
    await run("INSERT INTO counted (v) VALUES ('x')")
    const schema = async (): Promise<unknown[]> => [
      await run('SELECT * FROM sqlite_schema ORDER BY rowid'),
      await run('SELECT * FROM sqlite_sequence'),
    ]
    const before = await schema()
    expect((await ask('dump')).status).toBe(200)
    expect(await schema()).toEqual(before)
  })

  test('[MV9] of an older release, whose numbers were all alike, is still taken', async () => {
    const { ask, run } = await cabinet()
    const dump = [
      { schema_version: 1 },
      { table: 'counted', columns: ['id', 'v'] },
      { row: [4, 3] },
      { row: [{ integer: '9007199254740993' }, { real: 'Infinity' }] },
      { sequence: 12 },
      { table: 'shadowed', columns: ['oid', 'rowid', 'v'] },
      { row: [5, 'five', { blob: '_0E' }] },
      { end: true },
    ]
    const body = dump.map((line) => JSON.stringify(line)).join('\n')
    expect((await ask('load', { method: 'PUT', body })).status).toBe(204)
    expect(await run('SELECT CAST(id AS TEXT) AS id, v = 3 AS isThree FROM counted ORDER BY id')).toEqual([
      { id: '4', isThree: 1 },
      { id: '9007199254740993', isThree: 0 },
    ])
    expect(await run('SELECT oid AS row, rowid AS r, hex(v) AS v FROM shadowed')).toEqual([
      { row: 5, r: 'five', v: 'FF41' },
    ])
    expect(await run('SELECT seq, typeof(seq) AS kind FROM sqlite_sequence')).toEqual([{ seq: 12, kind: 'integer' }])
  })
})

/** Neither moved nor written out, and written to as before. */
async function expectRefused(plural: string, { id, ask }: OwnedResource, what: string): Promise<void> {
  const before = (await inspect(server, plural, id)).row
  const answers = [await askToMove(server, plural, id, 'other'), await server.fetch(`/v1/${plural}/${id}/archive`)]
  expect(answers.map(({ status }) => status)).toEqual([400, 400])
  for (const answer of answers)
    expect(await problem(answer)).toMatchObject({
      code: 'invalid_request',
      retryable: false,
      detail: expect.stringContaining(what) as string,
    })
  const { row } = await inspect(server, plural, id)
  expect([row['desired_version'], row['moving']]).toEqual([before['desired_version'], null])
  expect((await ask('run', { method: 'POST', body: 'SELECT 1' })).status).toBe(200)
}

describe('what has no copy is refused by name before anything begins', () => {
  test.each([
    ['a virtual table', 'searched', 'SELECT 1', 'the virtual table "words"'],
    ['rows of too many values', 'wides', 'SELECT 1', 'the table "w", whose rows have 101 values'],
    ['a rowid that columns hide', 'hidden', 'SELECT 1', 'the table "h", whose columns hide its rowid'],
    ['a table that no migration made', 'cabinets', 'CREATE TABLE late (x)', 'the table "late"'],
    ['an index', 'cabinets', 'CREATE INDEX late ON loose (v)', 'the index "late"'],
    ['a view', 'cabinets', 'CREATE VIEW late AS SELECT 1', 'the view "late"'],
    ['a column', 'cabinets', 'ALTER TABLE loose ADD COLUMN late', 'the column "late" of "loose"'],
    [
      'a trigger',
      'cabinets',
      'CREATE TRIGGER late AFTER INSERT ON loose BEGIN DELETE FROM counted; END',
      'the trigger "late"',
    ],
    [
      'a value that SQL computed',
      'cabinets',
      "INSERT INTO loose (rowid, k, v) VALUES (12, 'k', zeroblob(3000000))",
      'a value of more than 2097152 bytes in the column "v" of row 12 of the table "loose"',
    ],
    [
      'text of three bytes a character',
      'cabinets',
      "INSERT INTO folded VALUES ('k', replace(hex(zeroblob(500000)), '0', '€'))",
      'bytes in the column "v" of a row of the table "folded"',
    ],
    [
      'a row that is too long',
      'cabinets',
      `INSERT INTO broad (rowid, ${Array.from({ length: 14 }, (_, index) => `c${index}`).join(', ')}) VALUES (3, ${Array.from({ length: 14 }, () => "replace(hex(zeroblob(200000)), '0', char(1))").join(', ')})`,
      'more than 33554432 bytes in row 3 of the table "broad"',
    ],
  ])('[MV10] %s', async (_what, plural, statement, named) => {
    const made = await cabinet(plural)
    await made.run(statement)
    await expectRefused(plural, made, named)
  })

  test('[MV10] what is in storage.kv', async () => {
    const made = await cabinet()
    expect((await made.ask('keep?key=secret', { method: 'PUT' })).status).toBe(204)
    await expectRefused('cabinets', made, 'storage.kv')
  })

  test('[MV10] also when it is the last of a large content, which the copy itself would notice too late', async () => {
    const made = await cabinet()
    for (let part = 0; part < 10; part++) await made.run(rows(1_000, 'INSERT INTO file SELECT randomblob(1000)'))
    await made.run('INSERT INTO file VALUES (zeroblob(2097153))')
    await expectRefused('cabinets', made, 'in the column "content" of row 10001 of the table "file"')
    await made.run('UPDATE file SET content = zeroblob(2097152) WHERE octet_length(content) > 2000000')
    await moved(server, 'cabinets', made.id, 'other')
    expect(await made.run('SELECT count(*) AS n, max(octet_length(content)) AS most FROM file')).toEqual([
      { n: 10_001, most: 2_097_152 },
    ])
  })

  test('[MV10] a type that copies itself is asked nothing, and goes', async () => {
    const made = await cabinet('sought')
    await made.run("INSERT INTO words VALUES ('lost'), ('found')")
    expect((await made.ask('keep?key=own', { method: 'PUT' })).status).toBe(204)
    expect((await server.fetch(`/v1/sought/${made.id}/archive`)).status).toBe(200)
    await moved(server, 'sought', made.id, 'other')
    expect(await made.run("SELECT word FROM words WHERE words MATCH 'found'")).toEqual([{ word: 'found' }])
  })
})

test('[MV10] [MV7] a refusal that comes with the copy itself ends the move at once, as what it is', async () => {
  const made = await cabinet('stubborn')
  const answer = await server.fetch(`/v1/stubborn/${made.id}/archive`)
  expect([answer.status, (await problem(answer)).detail]).toEqual([400, 'This one stays where it is.'])
  const { id } = await beginMove(server, 'stubborn', made.id, 'other')
  expect(await ended(server, id)).toMatchObject({
    state: 'failed',
    error: { code: 'invalid_request', message: 'This one stays where it is.' },
  })
  const isAttempt = (line: LogLine): boolean => line.message.includes(`"event":"move_failed","resource":"${made.id}"`)
  await server.logged(isAttempt)
  const attempts = server.log.filter(isAttempt)
  expect(attempts).toHaveLength(1)
  await expect.poll(async () => (await made.ask('run', { method: 'POST', body: 'SELECT 1' })).status).toBe(200)
  expect((await inspect(server, 'stubborn', made.id)).resource).toMatchObject({ cell: 'local', state: 'active' })
})

describe('what is loaded', () => {
  test('[MV11] is refused where a row would take the place of another', async () => {
    const { ask, run } = await cabinet()
    await run("INSERT INTO latest VALUES ('kept', 1)")
    const dump = [
      { schema_version: 1 },
      { table: 'latest', columns: ['rowid', 'k', 'v'] },
      { row: [1, 'a', 1] },
      { row: [2, 'a', 2] },
      { end: true },
    ]
    const answer = await ask('load', { method: 'PUT', body: dump.map((line) => JSON.stringify(line)).join('\n') })
    expect([answer.status, (await problem(answer)).detail]).toEqual([400, expect.stringContaining('"latest"')])
    expect(await run('SELECT k FROM latest')).toEqual([{ k: 'kept' }])
  })

  test('[MV11] is refused by line where a row does not fit, and as too large where a value is', async () => {
    const { ask } = await cabinet()
    const load = async (...lines: object[]): Promise<unknown> => {
      const all = [{ schema_version: 1 }, { table: 'loose', columns: ['rowid', 'k', 'v'] }, ...lines, { end: true }]
      const answer = await ask('load', { method: 'PUT', body: all.map((line) => JSON.stringify(line)).join('\n') })
      return [answer.status, (await problem(answer)).detail]
    }
    const line3 = [400, 'Line 3 of the dump is not valid.']
    expect(await load({ row: [1, 'a'] })).toEqual(line3)
    expect(await load({ row: ['x', 'a', 1] })).toEqual(line3)
    expect(await load({ row: [1, 'a', { text: '!' }] })).toEqual(line3)
    expect(await load({ sequence: { integer: 'x' } })).toEqual(line3)
    expect(await load({ row: [1, 'a', 1] }, { row: [2, 'a', 1] })).toEqual([400, 'Line 4 of the dump is not valid.'])
    expect(await load({ row: [1, 'a', 'x'.repeat(2_097_153)] })).toEqual([
      413,
      expect.stringContaining('2097152 bytes'),
    ])
  })

  test('[MV11] [MV9] comes from an archive as it went into it', async () => {
    const target = await startAfter(server, APP)
    const folder = makeTestDirectory()
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const { id, run } = await cabinet()
    await run("INSERT INTO loose VALUES ('integer', 3), ('minus zero', -0.0), ('bytes', CAST(x'ff41' AS TEXT))")
    await run(rows(1_200, "INSERT INTO descending (v) SELECT 'row ' || n"))
    await run('INSERT INTO counted (id) VALUES (9007199254740993)')
    const file = join(folder, 'one.biplane')
    for (const [on, ...args] of [
      [server, 'export', id, '--account', server.secrets.defaultAccount, '--out', file],
      [target, 'import', file],
    ] as const) {
      const { code, stderr } = await cliOf(on, ...args)
      expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
    }
    const contentOf = async (at: TestServer): Promise<string> => {
      const answer = await at.fetch(`/v1/cabinets/${id}/archive?account=${server.secrets.defaultAccount}`)
      return createHash('sha256')
        .update(new Uint8Array(await answer.arrayBuffer()))
        .digest('hex')
    }
    expect(await contentOf(target)).toBe(await contentOf(server))
  })
})
