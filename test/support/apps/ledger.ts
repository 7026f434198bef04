// Two resource types for tests of the framework through its public door. A ledger does everything that a data plane object can do; a
// sheet is the same object with other declarations: slugs, all visibilities, all credentials, small limits.
//
//     GET  entries            POST entries           one text each; many at once share a commit
//     PUT  blob?bytes=N       DELETE blob            fills the database, makes it smaller
//     GET  memory             counts in memory       GET tables       what the database holds
//     GET  echo               what the object sees   GET fail         an unexpected failure
//     GET  socket             echoes                 POST timer?name=&ms=&fail=&rollback    adds an entry when due
//     GET  dump               PUT load               the generic copy

import {
  ResourceError,
  ResourceObject,
  createApp,
  defineResourceType,
  type App,
  type Migration,
  type RequestContext,
  type ResourceTypeOptions,
} from 'biplane'
import { z } from 'zod'

export const MIGRATIONS: readonly Migration[] = [
  (sql) => sql.exec('CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT NOT NULL)'),
  (sql) => sql.exec('CREATE TABLE "odd ""name" (name TEXT PRIMARY KEY, content BLOB) WITHOUT ROWID'),
  (sql) => {
    sql.exec(
      "CREATE TABLE mark (entry INTEGER NOT NULL REFERENCES entry (id)) -- what a comment's quote must not hide;",
    )
    sql.exec('CREATE INDEX entry_by_text ON entry (text)')
  },
]

interface Params {
  readonly entries?: readonly string[] | undefined
  readonly refuse?: string | undefined
}

const params = z.strictObject({ entries: z.array(z.string()).optional(), refuse: z.string().optional() }).optional()

export class Ledger extends ResourceObject<{ count: number }> {
  protected override readonly migrations: readonly Migration[] = MIGRATIONS

  protected override onCreate(given: Params | undefined): void {
    for (const text of given?.entries ?? []) this.sql.exec('INSERT INTO entry (text) VALUES (?)', text)
    if (given?.refuse !== undefined) throw new ResourceError('invalid_request', given.refuse)
  }

  protected override async onRequest(request: Request, { path, principal }: RequestContext): Promise<Response> {
    const query = new URL(request.url).searchParams
    switch (`${request.method} ${path}`) {
      case 'GET /entries':
        return Response.json(this.entries())
      case 'POST /entries':
        return this.add(await request.text(), principal)
      case 'PUT /blob':
        return this.fill(Number(query.get('bytes')))
      case 'DELETE /blob':
        return this.done(() => this.sql.exec('DELETE FROM "odd ""name"'))
      case 'GET /memory':
        this.memory = { count: (this.memory?.count ?? 0) + 1 }
        return Response.json(this.memory)
      case 'GET /tables':
        return Response.json(this.tables())
      case 'GET /fail':
        throw new Error('SECRET at /internal/path.ts')
      case 'POST /timer':
        return this.setTimer(query)
      case 'GET /socket':
        return this.accept()
      case 'GET /dump':
        return new Response(this.dump())
      case 'PUT /load':
        if (request.body !== null) await this.load(request.body)
        return new Response(null, { status: 204 })
      default:
        return Response.json({ path, principal, headers: [...request.headers], url: request.url })
    }
  }

  protected override async onTimer(name: string): Promise<void> {
    const key = `fail ${name}`
    const left = Number(
      this.sql.exec('SELECT content FROM "odd ""name" WHERE name = ?', key).toArray()[0]?.['content'] ?? 0,
    )
    if (left > 0) {
      await this.write((sql) => sql.exec('UPDATE "odd ""name" SET content = ? WHERE name = ?', left - 1, key))
      throw new Error(`timer ${name} fails ${left} more times`)
    }
    await this.write((sql) => sql.exec('INSERT INTO entry (text) VALUES (?)', `timer ${name}`))
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    socket.send(message)
  }

  private entries(): unknown[] {
    return this.sql
      .exec('SELECT text FROM entry ORDER BY id')
      .toArray()
      .map(({ text }) => text)
  }

  private tables(): unknown[] {
    return this.sql
      .exec(
        "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'biplane_%' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND sql NOT NULL",
      )
      .toArray()
      .map(({ sql }) => sql)
  }

  private async add(text: string, principal: RequestContext['principal']): Promise<Response> {
    await this.write((sql) => {
      const { id } = sql.exec<{ id: number }>('INSERT INTO entry (text) VALUES (?) RETURNING id', text).one()
      sql.exec('INSERT INTO mark VALUES (?)', id)
      // After its write: only a rollback can undo it.
      if (text === 'throw') throw new ResourceError('invalid_request', 'This entry is not wanted.')
    }, principal)
    return new Response(null, { status: 204 })
  }

  /** Two rows, so that a torn write would show. */
  private fill(bytes: number): Promise<Response> {
    const content = crypto.getRandomValues(new Uint8Array(Math.min(bytes, 65_536)))
    return this.done((sql) => {
      sql.exec('REPLACE INTO "odd ""name" VALUES (?, ?)', 'first', content)
      for (let size = content.length; size < bytes; size += content.length)
        sql.exec('REPLACE INTO "odd ""name" VALUES (?, ?)', `part ${size}`, content)
    })
  }

  private setTimer(query: URLSearchParams): Promise<Response> {
    const name = query.get('name') ?? ''
    return this.done((sql) => {
      sql.exec('REPLACE INTO "odd ""name" VALUES (?, ?)', `fail ${name}`, Number(query.get('fail') ?? 0))
      this.timers.set(name, Date.now() + Number(query.get('ms')))
      if (query.has('rollback')) throw new ResourceError('invalid_request', 'Rolled back after all.')
    })
  }

  private async done(change: (sql: SqlStorage) => void): Promise<Response> {
    await this.write(change)
    return new Response(null, { status: 204 })
  }

  private accept(): Response {
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server)
    return new Response(null, { status: 101, webSocket: client })
  }
}

export class Sheet extends Ledger {}

export const LEDGER: ResourceTypeOptions = {
  name: 'ledger',
  object: Ledger,
  params,
  routes: [{ method: 'PUT', path: '/load', permission: 'admin', summary: 'Replace everything' }],
}

export const SHEET: ResourceTypeOptions = {
  name: 'sheet',
  object: Sheet,
  identifiers: 'slug',
  visibility: ['private', 'public-read', 'public'],
  credentials: ['bearer', 'basic', 'query', 'cookie'],
  metadata: z.record(z.string(), z.string().regex(/^[a-z]*$/, 'lower case')),
  limits: { bytes: 512 * 1024, bodyBytes: 64 * 1024 },
  hooks: {
    beforeCreate(request) {
      if (request.name === 'forbidden') throw new ResourceError('permission_denied', 'Not this name.')
      return { ...request, labels: { made: 'here', ...request.labels } }
    },
    toRefusal(error, request) {
      if (request.headers.has('x-refuse-by-throwing')) throw new Error('SECRET of the hook')
      return request.method === 'PUT' ? new Response(`No: ${error.message}\n`, { status: 403 }) : undefined
    },
  },
}

const app: App = createApp({ types: [defineResourceType(LEDGER), defineResourceType(SHEET)] })

export default app
