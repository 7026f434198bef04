// What exports have trouble with: casks that are read out late, as their type does it by itself, and types whose content does not come.
//
//     PUT  {plural}/{id}/hold       the next time it is read out, it waits
//     GET  {plural}/{id}/dumping    answers when it waits
//     POST {plural}/{id}/release    it goes on
//     POST {plural}/{id}/next       the same, and it waits the next time

import { ResourceError, ResourceObject, createApp, defineResourceType, type App, type Migration } from 'biplane'
import type { RequestContext } from 'biplane'

class Late extends ResourceObject {
  protected override readonly migrations: readonly Migration[] = [(sql) => sql.exec('CREATE TABLE draught (text TEXT)')]
  #held: PromiseWithResolvers<void> | undefined
  #waiting = Promise.withResolvers<void>()

  protected override async onRequest(request: Request, { path }: RequestContext): Promise<Response> {
    switch (`${request.method} ${path}`) {
      case 'PUT /hold':
        this.#hold()
        break
      case 'GET /dumping':
        await this.#waiting.promise
        break
      case 'POST /release':
        this.#held?.resolve()
        this.#held = undefined
        break
      case 'POST /next': {
        const held = this.#held
        this.#hold()
        held?.resolve()
        break
      }
      default: {
        const text = await request.text()
        await this.write((sql) => sql.exec('INSERT INTO draught (text) VALUES (?)', text))
      }
    }
    return new Response(null, { status: 204 })
  }

  #hold(): void {
    this.#held = Promise.withResolvers()
    this.#waiting = Promise.withResolvers()
  }

  protected override dump(): ReadableStream<Uint8Array> {
    const read = (): ReadableStream<Uint8Array> => super.dump()
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        if (reader === undefined) {
          if (this.#held !== undefined) this.#waiting.resolve()
          await this.#held?.promise
          reader = read().getReader()
        }
        const { value, done } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    })
  }
}

class Refusing extends Late {
  protected override dump(): ReadableStream<Uint8Array> {
    throw new ResourceError('invalid_request', 'Nobody reads a riddle out.')
  }
}

class Breaking extends Late {
  protected override dump(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error('the spring is dry')) })
  }
}

const visibility = ['private', 'public-read'] as const

const app: App = createApp({
  types: [
    defineResourceType({ name: 'cask', object: Late, visibility: [...visibility] }),
    defineResourceType({ name: 'riddle', object: Refusing }),
    defineResourceType({ name: 'spring', object: Breaking }),
  ],
})

export default app
