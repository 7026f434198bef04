// The server under test is several cells behind one port, each with two processes of its own: what moves crosses processes, and each of them dies.

import type { Plane } from '../support/fault-harness.ts'
import type { EngineHandle } from '../support/engine-log.ts'
import type { TestServer } from '../support/server.ts'

export type Cell = 'c1' | 'c2' | 'c3'

/** The first one has every control plane object. A third one costs two more processes, and makes ways of two steps. */
export const CELLS: readonly Cell[] = process.env['BIPLANE_MODEL_CELLS'] === '3' ? ['c1', 'c2', 'c3'] : ['c1', 'c2']

export const CELLS_FLAGS: readonly string[] = ['--cells', CELLS.join(',')]

export const ENGINES: readonly { readonly cell: Cell; readonly plane: Plane }[] = CELLS.flatMap((cell) =>
  (['control', 'data'] as const).map((plane) => ({ cell, plane })),
)

export function engineOf(server: TestServer, { cell, plane }: (typeof ENGINES)[number]): EngineHandle {
  return server.processOf(plane, cell)
}

/** Resolves when all of them answer. */
export async function allReady(server: TestServer): Promise<void> {
  await Promise.all(ENGINES.map((engine) => engineOf(server, engine).ready()))
}
