// An object that holds one small value: on Biplane what bench/bare/worker.js does without it.

import { ResourceError, ResourceObject, type Migration } from 'biplane'

const FIRST_VALUE = 'x'.repeat(64)

export class Value extends ResourceObject {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => sql.exec('CREATE TABLE kv (one INTEGER PRIMARY KEY, value TEXT NOT NULL)'),
  ]

  protected override onCreate(): void {
    this.sql.exec('INSERT INTO kv VALUES (1, ?)', FIRST_VALUE)
  }

  protected override async onRequest(request: Request): Promise<Response> {
    switch (request.method) {
      case 'GET':
        return new Response(this.sql.exec<{ value: string }>('SELECT value FROM kv WHERE one = 1').one().value)
      case 'PUT': {
        const value = await request.text()
        await this.write((sql) => sql.exec('UPDATE kv SET value = ? WHERE one = 1', value))
        return new Response('ok\n')
      }
      default:
        throw new ResourceError('invalid_request', 'A value knows GET and PUT.')
    }
  }
}
