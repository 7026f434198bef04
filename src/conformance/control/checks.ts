// What every deployment has to keep, whichever resource type it is asked about.

import type { Check } from '../check.ts'
import { changing } from './changing.ts'
import { creating } from './creating.ts'
import { deleting } from './deleting.ts'
import { listing } from './listing.ts'
import { refusing } from './refusing.ts'
import { tokens } from './tokens.ts'
import { validating } from './validating.ts'

/** The control plane's checks, over HTTP alone, on any resource type. */
export const controlPlaneChecks: readonly Check[] = [
  ...creating,
  ...validating,
  ...changing,
  ...listing,
  ...deleting,
  ...tokens,
  ...refusing,
]
