// The path of a request between edge and object. Both read it here, from the URL of the request that the object gets: what the edge
// decided about one spelling of a path (`/%2e/admin`, `/x\\..\\admin`) must be what the object serves.

/** Of `http://resource/path?query`: the path, normalised by the URL parser, still percent-encoded. No URL object: this is the hot path. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  if (start === -1) return '/'
  const query = url.indexOf('?', start)
  return query === -1 ? url.slice(start) : url.slice(start, query)
}
