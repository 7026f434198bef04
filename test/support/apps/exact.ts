// Schemas that are easily copied wrongly, in cabinets; types that have no generic copy; wikis, which have their own.
//
//     POST run        the body's statement; its rows         PUT load     replaces the content
//     PUT  keep?key=  an entry of storage.kv                 GET dump     the generic copy
//     GET  steps      of counted, since the process began    PUT form?is=    of versed that are made from then on

import {
  ResourceError,
  ResourceObject,
  createApp,
  defineResourceType,
  type App,
  type Migration,
  type RequestContext,
} from 'biplane'
import { wiki } from 'biplane/types/wiki'

abstract class Statements extends ResourceObject {
  protected override async onRequest(request: Request, { path }: RequestContext): Promise<Response> {
    const query = new URL(request.url).searchParams
    switch (`${request.method} ${path}`) {
      case 'POST /run': {
        const statement = await request.text()
        return Response.json(await this.write((sql) => sql.exec(statement).toArray()))
      }
      case 'PUT /keep':
        this.ctx.storage.kv.put(query.get('key') ?? '', 'precious')
        return new Response(null, { status: 204 })
      case 'PUT /load':
        if (request.body !== null) await this.load(request.body)
        return new Response(null, { status: 204 })
      case 'GET /dump':
        return new Response(this.dump())
      default:
        return new Response(null, { status: 404 })
    }
  }
}

const columns = (count: number): string => Array.from({ length: count }, (_, index) => `c${index}`).join(', ')

class Cabinet extends Statements {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => {
      sql.exec(`
        CREATE TABLE loose (k TEXT PRIMARY KEY, v);
        CREATE TABLE strict (k TEXT PRIMARY KEY, v ANY) STRICT;
        CREATE TABLE typed (k TEXT PRIMARY KEY, i INTEGER, n NUMERIC, r REAL, t TEXT);
        CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, v TEXT);
        CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, v);
        CREATE TABLE folded (k TEXT COLLATE NOCASE, v, PRIMARY KEY (k COLLATE BINARY)) WITHOUT ROWID;
        CREATE TABLE backwards (a, b TEXT, v, PRIMARY KEY (a, b DESC)) WITHOUT ROWID;
        CREATE TABLE shadowed (rowid TEXT, _rowid_ TEXT GENERATED ALWAYS AS (rowid || '!'), v);
        CREATE TABLE broad (${columns(99)});
        CREATE TABLE broadest (id INTEGER PRIMARY KEY, ${columns(99)});
        CREATE TABLE latest (k TEXT PRIMARY KEY ON CONFLICT REPLACE, v);
        CREATE TABLE file (content BLOB);
        CREATE INDEX loose_by_value ON loose (v);
        CREATE VIEW shown AS SELECT k, v FROM loose;
        CREATE TRIGGER kept INSTEAD OF INSERT ON shown BEGIN INSERT INTO loose VALUES (new.k, new.v); END;
      `)
    },
  ]
}

class Wide extends Statements {
  protected override readonly migrations: readonly Migration[] = [(sql) => sql.exec(`CREATE TABLE w (${columns(100)})`)]
}

class Hidden extends Statements {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => sql.exec('CREATE TABLE h (rowid TEXT, _rowid_ TEXT, oid TEXT)'),
  ]
}

class Searched extends Statements {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => sql.exec('CREATE VIRTUAL TABLE words USING fts5 (word)'),
  ]
}

/** Copied by its type, which knows how. */
class Sought extends Searched {
  protected override dump(): ReadableStream<Uint8Array> {
    const words = this.sql.exec<{ word: string }>('SELECT word FROM words ORDER BY rowid').toArray()
    return new Blob([JSON.stringify(words.map(({ word }) => word))]).stream()
  }

  protected override async load(stream: ReadableStream<Uint8Array>): Promise<void> {
    const words = await new Response(stream).json<string[]>()
    await this.write((sql) => {
      for (const word of words) sql.exec('INSERT INTO words VALUES (?)', word)
    })
  }
}

/** Of this process. */
let steps = 0

class Counted extends Statements {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => {
      steps += 1
      sql.exec('CREATE TABLE c (v)')
      sql.exec('CREATE INDEX c_by_v ON c (v)')
    },
  ]

  protected override async onRequest(request: Request, context: RequestContext): Promise<Response> {
    return context.path === '/steps' ? Response.json(steps) : super.onRequest(request, context)
  }
}

/** Of what is made from now on: as two releases beside each other. */
let form = 1

class Versed extends Statements {
  protected override readonly dumpForm: number = form

  protected override async onRequest(request: Request, context: RequestContext): Promise<Response> {
    if (context.path !== '/form') return super.onRequest(request, context)
    form = Number(new URL(request.url).searchParams.get('is'))
    return new Response(null, { status: 204 })
  }
}

/** Has a table before it is anything. */
class Early extends Statements {
  constructor(...given: ConstructorParameters<typeof ResourceObject>) {
    super(...given)
    this.ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS early (x)')
  }
}

/** Finds out by itself that it cannot be copied. */
class Stubborn extends Statements {
  protected override dump(): ReadableStream<Uint8Array> {
    throw new ResourceError('invalid_request', 'This one stays where it is.')
  }
}

const app: App = createApp({
  types: [
    wiki,
    defineResourceType({ name: 'cabinet', object: Cabinet }),
    defineResourceType({ name: 'wide', object: Wide }),
    defineResourceType({ name: 'hidden', plural: 'hidden', object: Hidden }),
    defineResourceType({ name: 'searched', plural: 'searched', object: Searched }),
    defineResourceType({ name: 'counted', plural: 'counted', object: Counted }),
    defineResourceType({ name: 'versed', plural: 'versed', object: Versed }),
    defineResourceType({ name: 'early', plural: 'early', object: Early }),
    defineResourceType({ name: 'stubborn', plural: 'stubborn', object: Stubborn }),
    defineResourceType({ name: 'sought', plural: 'sought', object: Sought }),
  ],
})

export default app
