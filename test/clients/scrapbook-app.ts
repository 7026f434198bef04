// An app with the wiki type and others that are made of the same object, with small limits.

import { createApp, type App } from '../../src/app.ts'
import type { RequestContext } from '../../src/data-plane/object.ts'
import { defineResourceType } from '../../src/resource-type.ts'
import { defineWiki, wiki, Wiki } from '../../src/types/wiki/index.ts'

/** Shows what an object can do with its content beside serving it. */
class Scrapbook extends Wiki {
  protected override async onRequest(request: Request, context: RequestContext): Promise<Response> {
    if (context.path === '/copy' && request.method === 'GET') return new Response(this.dump())
    if (context.path === '/copy' && request.method === 'PUT') {
      await this.load(request.body ?? new Blob([]).stream())
      return new Response('loaded')
    }
    return super.onRequest(request, context)
  }
}

const scrapbook = defineResourceType({
  ...wiki,
  name: 'scrapbook',
  plural: 'scrapbooks',
  object: Scrapbook,
  limits: { ...wiki.limits, bytes: 4 * 1024 ** 2 },
})

/** Keeps little history. */
const album = defineResourceType({ ...defineWiki({ versions: { count: 2 } }), name: 'album', plural: 'albums' })

const app: App = createApp({ types: [wiki, scrapbook, album] })

export default app
