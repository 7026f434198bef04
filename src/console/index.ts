// The web console, as files for `createApp({ console: consoleFiles })`. They are made from app/ when the package is built.

import type { ConsoleFiles } from '../resource-type.ts'
import { SCRIPT_HASH, STYLE_HASH } from './generated/files.ts'
import page from './generated/page.bin'
import script from './generated/script.bin'
import style from './generated/style.bin'

/**
 * The console: one page at `/`, and its script and style below `/assets/`, all of this server's own.
 *
 * @example
 * export default createApp({ types: [wiki], console: consoleFiles })
 */
export const consoleFiles: ConsoleFiles = {
  page: { body: page, contentType: 'text/html; charset=utf-8' },
  assets: {
    [`console.${SCRIPT_HASH}.js`]: {
      body: script,
      contentType: 'text/javascript; charset=utf-8',
      contentEncoding: 'gzip',
    },
    [`console.${STYLE_HASH}.css`]: { body: style, contentType: 'text/css; charset=utf-8', contentEncoding: 'gzip' },
  },
}
