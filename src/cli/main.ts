#!/usr/bin/env node
// The command line. Each command is a file of its own; what goes wrong ends here, with what, why and how to fix it.

import { EngineError, explained } from '../engine/engine-error.ts'
import { createProgram, expandNoun } from './program.ts'

// Whoever reads the output may leave before the end; the server goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

try {
  const program = createProgram()
  await program.parseAsync(expandNoun(program, process.argv.slice(2)), { from: 'user' })
} catch (thrown) {
  // A command that has more to say of what the system refused says it itself.
  const known = explained(thrown)
  if (!(known instanceof EngineError)) throw thrown
  process.stderr.write(`error: ${known.message}\n`)
  process.exitCode = known.exitCode
}
