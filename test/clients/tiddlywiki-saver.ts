// The real saver of TiddlyWiki, from its own sources, outside of a browser: core/modules/savers/put.js on top of
// core/modules/utils/dom/http.js. Only what the browser itself gives them is ours: an address, and an XMLHttpRequest.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { compileFunction } from 'node:vm'
import type { Answer, OwnOrigin } from './own-origin.ts'

const require = createRequire(import.meta.url)

export interface Exchange {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly answer: Answer
}

/** `false`: the saver is not on. Otherwise what TiddlyWiki shows in an alert, or null for saved. */
export type SaveResult = false | string | null

interface PutSaver {
  save(text: string, method: string, callback: (error: string | null) => void): boolean
}

type Module = (exports: object, $tw: object, document: object, location: object, XMLHttpRequest: unknown) => void

/** A wiki that is open in a tab. */
export class OpenTab {
  /** What went over the wire since the page was loaded. */
  readonly exchanges: Exchange[] = []
  readonly #own: OwnOrigin
  readonly #path: string
  #saver: PutSaver | undefined

  private constructor(own: OwnOrigin, path: string) {
    this.#own = own
    this.#path = path
  }

  /** Loads the page and boots the saver, whose two probes are done when this resolves. */
  static async open(own: OwnOrigin, path = '/'): Promise<OpenTab> {
    const tab = new OpenTab(own, path)
    tab.exchanges.push({
      method: 'GET',
      headers: {},
      answer: await own.send('GET', path, { 'accept-encoding': 'gzip, deflate, br' }),
    })
    let probes = 2
    await new Promise<void>((resolve) => {
      tab.#boot(() => {
        probes -= 1
        if (probes === 0) resolve()
      })
    })
    return tab
  }

  /** "Save" in the wiki; `text` is the whole page. */
  save(text: string): Promise<SaveResult> {
    return new Promise((resolve) => {
      const isOn = this.#saver?.save(text, 'save', resolve) ?? false
      if (!isOn) resolve(false)
    })
  }

  #boot(onAnswer: () => void): void {
    const utils: Record<string, unknown> = {
      each: (object: Record<string, unknown>, callback: (value: unknown, key: string) => void) => {
        for (const [key, value] of Object.entries(object)) callback(value, key)
      },
    }
    const $tw = {
      utils,
      language: { getString: (title: string) => title },
      notifier: { display: () => {} },
    }
    const location = { protocol: 'http:', toString: () => `${this.#own.origin}${this.#path}#Fragment` }
    const load = (file: string): Record<string, unknown> => {
      const exports: Record<string, unknown> = {}
      const source = readFileSync(require.resolve(`tiddlywiki/core/modules/${file}`), 'utf8')
      const run = compileFunction(source, ['exports', '$tw', 'document', 'location', 'XMLHttpRequest']) as Module
      run(exports, $tw, { location }, location, this.#requestClass(onAnswer))
      return exports
    }
    Object.assign(utils, load('utils/dom/http.js'))
    const saver = load('savers/put.js') as { canSave(): boolean; create(): PutSaver }
    if (!saver.canSave()) throw new Error('the saver does not want this page')
    this.#saver = saver.create()
  }

  #requestClass(onAnswer: () => void): unknown {
    const { exchanges } = this
    const own = this.#own
    return class {
      readyState = 0
      status = 0
      responseText = ''
      onreadystatechange: () => void = () => {}
      #method = ''
      #path = ''
      #answer: Answer | undefined
      readonly #headers: Record<string, string> = {}

      open(method: string, url: string): void {
        const { pathname, search } = new URL(url)
        this.#method = method
        this.#path = pathname + search
      }

      setRequestHeader(name: string, value: string): void {
        this.#headers[name.toLowerCase()] = value
      }

      getResponseHeader(name: string): string | null {
        const value = this.#answer?.headers[name.toLowerCase()]
        return typeof value === 'string' ? value : null
      }

      send(data: string): void {
        void own.send(this.#method, this.#path, this.#headers, data === '' ? undefined : data).then((answer) => {
          exchanges.push({ method: this.#method, headers: this.#headers, answer })
          this.#answer = answer
          this.readyState = 4
          this.status = answer.status
          this.responseText = answer.text
          this.onreadystatechange()
          onAnswer()
        })
      }
    }
  }
}
