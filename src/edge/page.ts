// Plain pages without scripts: the start page of an app without a console, and what a browser is told about a sign-in link.

/** Forms may lead to a resource's own origin, which is another one. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http: https:; frame-ancestors 'none'; base-uri 'none'"

/** @param content HTML */
export function pageResponse(content: string, requestId: string, status = 200): Response {
  return new Response(toPage(content), {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      // Not `no-referrer`: a form's request would then say that its origin is `null`.
      'referrer-policy': 'same-origin',
      'x-request-id': requestId,
    },
  })
}

/** Whether a person reads the answer. */
export function wantsPage(request: Request): boolean {
  return (request.headers.get('accept') ?? '').includes('text/html')
}

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** What every page looks like. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; font-family: system-ui, sans-serif } body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin-top: 1rem } th, td { text-align: left; padding: .3rem .6rem .3rem 0; overflow-wrap: anywhere }
`

/** @param content HTML @param title of the page, below the heading that all have */
export function toPage(content: string, title = 'Biplane', style: string = PAGE_STYLE): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${style}</style></head><body><main><h1>${title}</h1>${content}</main></body></html>`
}
