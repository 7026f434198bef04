// A saved page becomes a standalone file: text in, text out.

import { describe, expect, test } from 'vitest'
import { toStandalone } from '../../src/types/wiki/export.ts'

const STORE = '<script class="tiddlywiki-tiddler-store" type="application/json">'
const LINK = `<!--~~ Load external JavaScripts ~~-->\n<script src="/assets/core.js" onerror="alert('Error');"></script>`
const RUNTIME = '<runtime/>'

function page(...stores: string[]): string {
  return `<!doctype html>\n<body>${stores.map((store) => `${STORE}${store}</script>`).join('')}<div></div>\n${LINK}\n</body>`
}

function titles(html: string): string[][] {
  return html
    .split(STORE)
    .slice(1)
    .map((part) =>
      (JSON.parse(part.slice(0, part.indexOf('</script>'))) as { title: string }[]).map(({ title }) => title),
    )
}

const tiddler = (title: string, text = '') => JSON.stringify({ title, text }).replaceAll('<', '\\u003C')

describe('a standalone file', () => {
  test('[WK5] has the runtime where the link to the core was', () => {
    const html = toStandalone(page(`[\n${tiddler('A')}\n]`), RUNTIME)
    expect(html).toContain(`<div></div>\n${RUNTIME}\n</body>`)
    expect(html).not.toContain('/assets/')
    expect(html.startsWith('<!doctype html>\n<body>')).toBe(true)
  })

  test('[WK5] is without the tiddlers that would make its next save a page without a core', () => {
    const store = [
      tiddler('A'),
      tiddler('$:/config/SaveWikiButton/Template'),
      tiddler('$:/plugins/biplane/hosting'),
      tiddler('B'),
    ]
    expect(titles(toStandalone(page(`[\n${store.join(',\n')}\n]`), RUNTIME))).toEqual([['A', 'B']])
  })

  test('[WK5] keeps every other tiddler, in every store, as it was', () => {
    const text = '</script><!-- \\u003C " \u{1f600} $& $1 \u2028'
    const html = toStandalone(page(`[${tiddler('A', text)}]`, `[${tiddler('B', text)}]`), RUNTIME)
    expect(titles(html)).toEqual([['A'], ['B']])
    const [first] = html.split(STORE).slice(1)
    expect(JSON.parse(first!.slice(0, first!.indexOf('</script>')))).toEqual([{ title: 'A', text }])
  })

  test.each([
    ['with the core inside', '<!doctype html><body><script>boot()</script></body>'],
    ['that is no wiki at all', '<p>hello'],
    ['that breaks off after the mark', '<body><!--~~ Load external JavaScripts ~~-->'],
  ])('[WK5] a page %s is handed out as it is', (_, html) => {
    expect(toStandalone(html, RUNTIME)).toBe(html)
  })

  test.each([
    ['does not parse', '[{"title": '],
    ['is no list', '{"title":"A"}'],
  ])('[WK5] a store that %s stays as it is', (_, store) => {
    expect(toStandalone(page(store), RUNTIME)).toContain(`${STORE}${store}</script>`)
  })

  test('[WK5] an encrypted page keeps its encrypted store', () => {
    const html = `<body><pre id="encryptedStoreArea">{"iv":"x"}</pre>\n${LINK}</body>`
    expect(toStandalone(html, RUNTIME)).toBe(`<body><pre id="encryptedStoreArea">{"iv":"x"}</pre>\n${RUNTIME}</body>`)
  })
})
