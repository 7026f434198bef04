// An object that grows: every PUT adds a row, GET counts them. Its server is two cells in one process.

import { ResourceError, ResourceObject, createApp, defineResourceType, type App, type Migration } from 'biplane'

class Shelf extends ResourceObject {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => sql.exec('CREATE TABLE row (id INTEGER PRIMARY KEY, content BLOB NOT NULL)'),
  ]

  protected override async onRequest(request: Request): Promise<Response> {
    switch (request.method) {
      case 'GET':
        return new Response(String(this.sql.exec<{ rows: number }>('SELECT count(*) AS rows FROM row').one().rows))
      case 'PUT': {
        const content = await request.arrayBuffer()
        await this.write((sql) => sql.exec('INSERT INTO row (content) VALUES (?)', content))
        return new Response('ok\n')
      }
      default:
        throw new ResourceError('invalid_request', 'A shelf knows GET and PUT.')
    }
  }
}

const app: App = createApp({ types: [defineResourceType({ name: 'shelf', plural: 'shelves', object: Shelf })] })
export default app
