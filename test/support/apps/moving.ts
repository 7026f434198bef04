// Ledgers and wikis, which move between cells, and attics: whatever a schema may have that is easily lost on the way.
//
//     PUT  fill?bytes=N       that much content, in rows of 50 KB        PUT thing?text=     one more thing; answers its number
//     GET  things             every value with its kind, and how often the trigger fired
//     GET  dump               the generic copy

import { ResourceObject, createApp, defineResourceType, type App, type Migration, type RequestContext } from 'biplane'
import { wiki } from 'biplane/types/wiki'
import { LEDGER, SHEET } from './ledger.ts'

const ROW_BYTES = 50_000

class Attic extends ResourceObject {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => {
      sql.exec(`
        CREATE TABLE thing (id INTEGER PRIMARY KEY AUTOINCREMENT, above INTEGER REFERENCES thing (id), text TEXT,
          length INTEGER GENERATED ALWAYS AS (length(text)) STORED);
        CREATE TABLE count (things INTEGER NOT NULL);
        INSERT INTO count VALUES (0);
        CREATE TRIGGER counted AFTER INSERT ON thing BEGIN UPDATE count SET things = things + 1; END;
        CREATE TABLE loose (value);
        CREATE TABLE pair (a TEXT COLLATE NOCASE, b INTEGER, c BLOB, PRIMARY KEY (a, b)) WITHOUT ROWID;
        CREATE TABLE box (content BLOB NOT NULL);
        CREATE VIEW everything AS SELECT text FROM thing;
      `)
    },
  ]

  protected override onCreate(): void {
    this.sql.exec(`
      INSERT INTO thing (id, above, text) VALUES (1, 2, 'refers to a later one'), (2, NULL, 'Grüße 🦆'), (9, NULL, 'gone');
      DELETE FROM thing WHERE id = 9;
      INSERT INTO loose (rowid, value) VALUES (-5, 'early'), (9223372036854775807, 9223372036854775807), (7, 9e999), (8, -9e999), (3, NULL),
        (4, 0.1), (9007199254740993, -9007199254740993);
      INSERT INTO pair VALUES ('b', 1, x'00ff'), ('A', 9007199254740995, NULL), ('A', 9007199254740994, x'');
    `)
  }

  protected override async onRequest(request: Request, { path }: RequestContext): Promise<Response> {
    const query = new URL(request.url).searchParams
    switch (`${request.method} ${path}`) {
      case 'PUT /fill':
        return this.fill(Number(query.get('bytes')))
      case 'PUT /thing':
        return Response.json(
          await this.write((sql) =>
            sql.exec('INSERT INTO thing (text) VALUES (?) RETURNING id', query.get('text') ?? '').one(),
          ),
        )
      case 'GET /things':
        return Response.json(this.things())
      case 'GET /dump':
        return new Response(this.dump())
      default:
        return new Response(null, { status: 404 })
    }
  }

  private async fill(bytes: number): Promise<Response> {
    await this.write((sql) => {
      for (let size = 0; size < bytes; size += ROW_BYTES)
        sql.exec('INSERT INTO box (content) VALUES (?)', crypto.getRandomValues(new Uint8Array(ROW_BYTES)))
    })
    return new Response(null, { status: 204 })
  }

  private things(): unknown[] {
    return [
      'SELECT id, above, text, length, typeof(id) AS kind FROM thing ORDER BY id',
      'SELECT CAST(rowid AS TEXT) AS row, CAST(value AS TEXT) AS value, typeof(value) AS kind FROM loose ORDER BY rowid',
      'SELECT a, CAST(b AS TEXT) AS b, hex(c) AS c, typeof(c) AS kind FROM pair ORDER BY a, b',
      'SELECT things FROM count',
      'SELECT * FROM everything',
      'SELECT count(*) AS boxes, sum(octet_length(content)) AS bytes FROM box',
    ].map((query) => this.sql.exec(query).toArray())
  }
}

/** Reached by its name, which comes back with the next one that is called so. */
class Chest extends Attic {}

const app: App = createApp({
  types: [
    defineResourceType(LEDGER),
    defineResourceType(SHEET),
    wiki,
    defineResourceType({ name: 'attic', object: Attic }),
    defineResourceType({ name: 'chest', object: Chest, naming: 'caller' }),
  ],
})

export default app
