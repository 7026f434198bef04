// A resource type of one's own: a tally that anybody with a token can read, and raise with the write permission.

import { ResourceError, ResourceObject, createApp, defineResourceType, type Migration } from 'biplane'

class Tally extends ResourceObject {
  protected override readonly migrations: readonly Migration[] = [
    (sql) => sql.exec('CREATE TABLE tally (one INTEGER PRIMARY KEY, value INTEGER NOT NULL)'),
  ]

  protected override onCreate(): void {
    this.sql.exec('INSERT INTO tally VALUES (1, 0)')
  }

  protected override async onRequest(request: Request): Promise<Response> {
    switch (request.method) {
      case 'GET':
        return Response.json(this.sql.exec('SELECT value FROM tally').one())
      case 'POST':
        return Response.json(
          await this.write((sql) => sql.exec('UPDATE tally SET value = value + 1 RETURNING value').one()),
        )
      default:
        throw new ResourceError('invalid_request', 'A tally knows GET and POST.')
    }
  }
}

const tally = defineResourceType({ name: 'tally', plural: 'tallies', object: Tally })

export default createApp({ types: [tally] })
