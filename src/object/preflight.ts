/** Whether a browser asks for leave before the real request (CORS). It never carries credentials, so it is answered before any gate. */
export function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}
