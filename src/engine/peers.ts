// The other cells of a deployment, as an engine process is told of them: a service for each code, also where several share an address. A
// service keeps its connections, and a front brings each of them to one cell.

import { readFileSync } from 'node:fs'
import { isHere, placeOf } from '../identity/cell.ts'
import { EngineError, reasonOf } from './engine-error.ts'
import type { ServerOptions } from './server-options.ts'

export interface Peer {
  /** Name of the service in the configuration. */
  readonly service: string
  readonly address: string
  readonly code: string
  /** PEM, beside the well-known ones. */
  readonly certificates?: readonly string[]
}

/** @throws EngineError for a file of certificates that cannot be read */
export function peersOf({ cell, cells, cellCertificates }: ServerOptions): Peer[] {
  const certificates = cellCertificates === undefined ? undefined : readCertificates(cellCertificates)
  return Object.keys(cells).flatMap((code) => {
    const address = placeOf(cells, code)?.address
    if (address === undefined || isHere(cells, cell, code)) return []
    return { service: `cell-${code}`, address, code, ...(certificates === undefined ? {} : { certificates }) }
  })
}

function readCertificates(file: string): string[] {
  try {
    const found = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
    if (found !== null) return found.map((certificate) => `${certificate}\n`)
  } catch (thrown) {
    throw new EngineError(`cannot read the certificates in ${file}`, reasonOf(thrown), 'Check --cell-ca.', 2)
  }
  throw new EngineError(`there is no certificate in ${file}`, 'it has no PEM block', 'Check --cell-ca.', 2)
}
