// A certificate for one run: self-signed, and trusted by its key alone (`--ignore-certificate-errors-spki-list`), so that a browser
// treats the pages behind it like any page over TLS.

import { createHash, generateKeyPairSync, sign } from 'node:crypto'

export interface Certificate {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly cert: string
  /** SHA-256 of the public key, base64. */
  readonly spkiHash: string
}

const SEQUENCE = 0x30
const SET = 0x31
const INTEGER = 0x02
const BIT_STRING = 0x03
const OBJECT_IDENTIFIER = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17

/** X.509, the first version: no extensions, and so nothing that says for which hosts it is. */
export function makeCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const ecdsaWithSha256 = der(SEQUENCE, der(OBJECT_IDENTIFIER, Buffer.from('2a8648ce3d040302', 'hex')))
  const commonName = der(OBJECT_IDENTIFIER, Buffer.from('550403', 'hex'))
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, commonName, der(UTF8_STRING, Buffer.from('biplane test')))))
  const validity = der(SEQUENCE, utcTime('250101000000Z'), utcTime('490101000000Z'))
  const signed = der(SEQUENCE, der(INTEGER, Buffer.from([1])), ecdsaWithSha256, name, validity, name, spki)
  const certificate = der(SEQUENCE, signed, ecdsaWithSha256, bits(sign('sha256', signed, privateKey)))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    spkiHash: createHash('sha256').update(spki).digest('base64'),
  }
}

/** One value in DER: tag, length, content. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

/** @param content whole bytes: no bit of the last one is unused */
function bits(content: Buffer): Buffer {
  return der(BIT_STRING, Buffer.from([0]), content)
}

function utcTime(text: string): Buffer {
  return der(UTC_TIME, Buffer.from(text))
}
