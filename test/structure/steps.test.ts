import { expect, test } from 'vitest'
import { sourcesBelow } from './sources.ts'

/** The nine steps of the pattern and the one function that carries each. */
const STEPS: Readonly<Record<number, string>> = {
  1: 'src/edge/worker.ts serveControl',
  2: 'src/edge/to-control-plane.ts toControlObject',
  3: 'src/control-plane/create.ts create',
  4: 'src/control-plane/catalog.ts insertRow',
  5: 'src/edge/handlers.ts answerCreated',
  6: 'src/edge/content.ts serveContent',
  7: 'src/edge/to-data-plane.ts toDataObject',
  8: 'src/edge/content.ts serveContent',
  9: 'src/edge/to-data-plane.ts toDataObject',
}

test('[FW3] each of the nine steps is tagged once, on the function that carries it', () => {
  const found = sourcesBelow('src').flatMap((file) =>
    // A documentation comment, and the function that it documents.
    Array.from(file.text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:export )?(?:async )?function (\w+)/g)).flatMap(
      ([, comment = '', name = '']) =>
        Array.from(comment.matchAll(/@step (\d+)/g), ([, step]) => [Number(step), `${file.path} ${name}`] as const),
    ),
  )
  const tags = sourcesBelow('src').flatMap((file) => file.text.match(/@step\b/g) ?? [])
  expect(found.toSorted(([a], [b]) => a - b)).toEqual(
    Object.entries(STEPS).map(([step, where]) => [Number(step), where]),
  )
  expect(tags).toHaveLength(found.length)
})
