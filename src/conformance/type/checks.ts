// What a builder's own type has to keep, through content requests.

import type { Check } from '../check.ts'
import { living } from './living.ts'
import { permitting } from './permitting.ts'
import type { TypeConformanceOptions } from './probed.ts'
import { surviving } from './surviving.ts'
import { writing } from './writing.ts'

/** The checks of a resource type, written and read through its probe. */
export const typeChecks: readonly Check<TypeConformanceOptions>[] = [...writing, ...permitting, ...living, ...surviving]
