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
const OCTET_STRING = 0x04
const OBJECT_IDENTIFIER = 0x06
const UTF8_STRING = 0x0c
const UTC_TIME = 0x17
/** The version of a certificate with extensions, and the extensions: constructed, of their context. */
const VERSION = 0xa0
const EXTENSIONS = 0xa3
/** In a subject's alternative names (RFC 5280, 4.2.1.6). */
const DNS_NAME = 0x82

/** X.509. @param hosts for which it is; without any it does not say, which only those take who trust its key */
export function makeCertificate(hosts: readonly string[] = []): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const ecdsaWithSha256 = der(SEQUENCE, der(OBJECT_IDENTIFIER, Buffer.from('2a8648ce3d040302', 'hex')))
  const commonName = der(OBJECT_IDENTIFIER, Buffer.from('550403', 'hex'))
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, commonName, der(UTF8_STRING, Buffer.from('biplane test')))))
  const validity = der(SEQUENCE, utcTime('250101000000Z'), utcTime('490101000000Z'))
  const number = der(INTEGER, Buffer.from([1]))
  const plain = [number, ecdsaWithSha256, name, validity, name, spki]
  const signed =
    hosts.length === 0
      ? der(SEQUENCE, ...plain)
      : der(SEQUENCE, der(VERSION, der(INTEGER, Buffer.from([2]))), ...plain, alternativeNames(hosts))
  const certificate = der(SEQUENCE, signed, ecdsaWithSha256, bits(sign('sha256', signed, privateKey)))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    spkiHash: createHash('sha256').update(spki).digest('base64'),
  }
}

function alternativeNames(hosts: readonly string[]): Buffer {
  const names = der(SEQUENCE, ...hosts.map((host) => der(DNS_NAME, Buffer.from(host))))
  const subjectAltName = der(OBJECT_IDENTIFIER, Buffer.from('551d11', 'hex'))
  return der(EXTENSIONS, der(SEQUENCE, der(SEQUENCE, subjectAltName, der(OCTET_STRING, names))))
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
