#!/usr/bin/env node
// The command line. Each command is a file of its own; what goes wrong ends here, with what, why and how to fix it.

import { EngineError } from '../engine/engine-error.ts'
import { createProgram, expandNoun } from './program.ts'

// Whoever reads the output may leave before the end; the server goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

try {
  const program = createProgram()
  await program.parseAsync(expandNoun(program, process.argv.slice(2)), { from: 'user' })
} catch (thrown) {
  if (!(thrown instanceof EngineError)) throw thrown
  process.stderr.write(`error: ${thrown.message}\n`)
  process.exitCode = thrown.exitCode
}
