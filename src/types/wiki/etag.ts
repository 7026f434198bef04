// Entity tags and the conditions on them (RFC 9110, 8.8.3 and 13.1). Comparison is always weak: a proxy that compresses turns our
// strong tag into a weak one, and a strict server would then refuse every further save.

/** 128 bits: no two contents of a wiki ever share a tag. */
const TAG_HEX_DIGITS = 32

/** The tag of a content: a hash of its uncompressed bytes. */
export async function toEtag(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return formatEtag(await crypto.subtle.digest('SHA-256', bytes))
}

/** @param digest SHA-256 of the uncompressed bytes */
export function formatEtag(digest: ArrayBuffer): string {
  const start = new Uint8Array(digest, 0, TAG_HEX_DIGITS / 2)
  const hex = Array.from(start, (byte) => byte.toString(16).padStart(2, '0'))
  return `"${hex.join('')}"`
}

/** Whether the value of an If-Match or If-None-Match header names the content with this tag. `*` names every content. */
export function namesEtag(header: string, etag: string): boolean {
  if (header.trim() === '*') return true
  const wanted = opaque(etag)
  return header.split(',').some((candidate) => opaque(candidate) === wanted)
}

/** The tag without its weakness mark and quotes (some clients and stores lose the quotes). Ours have no comma inside. */
function opaque(tag: string): string {
  return tag
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1')
}
