// The application of the figure: notes, whose control plane is regional.
//
//     GET, PUT notes/{id}/        the last text that was put

import { ResourceObject, byRegion, createApp, defineResourceType, type Migration } from 'biplane'

class Note extends ResourceObject {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => sql.exec('CREATE TABLE content (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT NOT NULL)'),
  ]

  protected override async onRequest(request: Request): Promise<Response> {
    if (request.method === 'PUT') {
      const text = await request.text()
      await this.write((sql) => sql.exec('REPLACE INTO content (one, text) VALUES (1, ?)', text))
      return new Response(null, { status: 204 })
    }
    const [row] = this.sql.exec<{ text: string }>('SELECT text FROM content').toArray()
    return new Response(row?.text ?? '')
  }
}

export default createApp({ types: [defineResourceType({ name: 'note', object: Note, shards: byRegion() })] })
