// Crockford's base32, lower case and without check symbols: the alphabet of labels and tags. It has no i, l, o and u, so an
// identifier that is read out aloud has one spelling, and every character carries exactly five bits.

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** A character class that matches one character of the alphabet, for building patterns. */
export const CROCKFORD_CLASS = '[0-9a-hjkmnp-tv-z]'

/**
 * Encodes the first `characters` groups of five bits of `bytes`, most significant bit first.
 *
 * @param bytes at least `ceil(characters * 5 / 8)` bytes
 * @throws RangeError when `bytes` is too short
 */
export function toCrockford(bytes: Uint8Array, characters: number): string {
  if (bytes.length * 8 < characters * 5) throw new RangeError('not enough bytes for that many characters')
  let out = ''
  let buffer = 0
  let bits = 0
  let position = 0
  while (out.length < characters) {
    if (bits < 5) {
      buffer = ((buffer & 0x1f) << 8) | (bytes[position++] ?? 0)
      bits += 8
    }
    bits -= 5
    out += ALPHABET.charAt((buffer >> bits) & 0x1f)
  }
  return out
}

/**
 * The bytes that these characters are the only spelling of; undefined when there are none: the bits of the last character that no byte
 * fills are zero.
 */
export function fromCrockford(text: string, length: number): Uint8Array | undefined {
  if (text.length !== Math.ceil((length * 8) / 5)) return undefined
  const bytes = new Uint8Array(length)
  let buffer = 0
  let bits = 0
  let position = 0
  for (const character of text) {
    const value = ALPHABET.indexOf(character)
    if (value === -1) return undefined
    buffer = ((buffer & 0x7f) << 5) | value
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[position++] = (buffer >> bits) & 0xff
  }
  return (buffer & ((1 << bits) - 1)) === 0 ? bytes : undefined
}

/** Random characters of the alphabet, five bits of entropy each. */
export function randomCrockford(characters: number): string {
  return toCrockford(crypto.getRandomValues(new Uint8Array(Math.ceil((characters * 5) / 8))), characters)
}
