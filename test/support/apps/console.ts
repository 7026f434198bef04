// An app with a console of three lines: what the edge does with the files, whoever made them.

import { createApp, defineResourceType, type App } from 'biplane'
import { LEDGER, SHEET } from './ledger.ts'

/** gzip of a page whose title is Console. */
const PAGE =
  'H4sIAAAAAAACA7NRTMlPLqksSFXIKMnNsbMpySzJSbVzzs8rzs9JtdGHcG2Kk4syC0oUiouSbZX0E4uLU0uK9ZMhavQM9bKKlexs9CFq7ADDTC/ZUQAAAA=='

const app: App = createApp({
  types: [defineResourceType(LEDGER), defineResourceType(SHEET)],
  console: {
    page: {
      body: Uint8Array.from(atob(PAGE), (character) => character.charCodeAt(0)),
      contentType: 'text/html; charset=utf-8',
      contentEncoding: 'gzip',
    },
    assets: {
      'console.1.js': { body: new TextEncoder().encode('void 0\n'), contentType: 'text/javascript; charset=utf-8' },
    },
  },
})

export default app
