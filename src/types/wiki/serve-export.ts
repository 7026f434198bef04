// The answer to `GET /export`: the wiki as one file that boots from a disk and can save itself there.

import { toStandalone } from './export.ts'
import { standaloneRuntime } from './template.ts'

export function toExport(html: string, name: string): Response {
  return toExportResponse(toStandalone(html, standaloneRuntime()), name)
}

export function toExportResponse(body: BodyInit, name: string): Response {
  return new Response(body, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-disposition': `attachment; filename="${name}.html"`,
      'cache-control': 'private, no-cache',
    },
  })
}
