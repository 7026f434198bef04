// An app with the wiki type and one of its own that is made of the same object, with small limits.

import { createApp, type App } from '../../src/app.ts'
import type { RequestContext } from '../../src/data-plane/object.ts'
import { defineResourceType } from '../../src/resource-type.ts'
import { wiki, Wiki } from '../../src/types/wiki/index.ts'

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

const app: App = createApp({ types: [wiki, scrapbook] })

export default app
