// What `npm test` leaves out, so that it takes less than ten minutes: kills at every point of what the shorter tests have shown to work, storms,
// drills of whole machines, and every corner of the console. `BIPLANE_TESTS=all npm test` runs everything, and so does .ci/run.

const LONG: readonly string[] = [
  'test/browser/capability.test.ts',
  'test/browser/console-access.test.ts',
  'test/browser/console-cells.test.ts',
  'test/browser/console-content.test.ts',
  'test/browser/console-states.test.ts',
  'test/browser/tiddlyweb.test.ts',
  'test/browser/wiki-saving.test.ts',
  'test/cells/down.test.ts',
  'test/cells/reconcile-held.test.ts',
  'test/cells/several.test.ts',
  'test/conformance/broken.test.ts',
  'test/engines/archive.test.ts',
  'test/engines/archive-in-the-way.test.ts',
  'test/engines/backup.test.ts',
  'test/engines/billed.test.ts',
  'test/engines/cli-nouns.test.ts',
  'test/engines/data-directory.test.ts',
  'test/engines/deploy.test.ts',
  'test/engines/export.test.ts',
  'test/engines/runbook.test.ts',
  'test/faults/addressing.test.ts',
  'test/faults/hardened.test.ts',
  'test/faults/imports.test.ts',
  'test/faults/moves.test.ts',
  'test/faults/operations.test.ts',
  'test/faults/restoring.test.ts',
  'test/faults/storms.test.ts',
  'test/faults/transfers.test.ts',
  'test/moving/moving-faults.test.ts',
]

/** Whoever names files on the command line gets those that he names. */
export const LEFT_OUT: readonly string[] =
  process.env['BIPLANE_TESTS'] === 'all' || process.argv.some((argument) => /(^|\/)test\//.test(argument)) ? [] : LONG
