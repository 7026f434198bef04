// node --test examples/own-type/conformance.test.mjs, while `biplane serve --app examples/own-type/app.ts` runs.

import test from 'node:test'
import { controlPlaneChecks, registerConformance, typeChecks } from 'biplane/conformance'

const probe = {
  write: () => ({ method: 'POST' }),
  extract: async (response) => (await response.json()).value,
}
const { BIPLANE_URL: baseUrl = 'http://127.0.0.1:8787', BIPLANE_KEY: key } = process.env

registerConformance([...controlPlaneChecks, ...typeChecks], test, { baseUrl, key, plural: 'tallies', probe })
