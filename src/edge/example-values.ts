// What examples are made of. The identifiers have the right form and were issued by nobody.

import * as z from 'zod'
import type { ZodType } from 'zod'
import type { ResourceType } from '../resource-type.ts'
import { ACCOUNT_TYPE } from '../wire/account.ts'
import type { ResourceJson } from '../wire/resource.ts'

interface ExampleValues {
  readonly account: string
  readonly operation: string
  readonly token: string
  readonly key: string
  readonly cursor: string
  readonly cell: string
  readonly requestId: string
  readonly time: string
  readonly laterTime: string
  readonly purgeTime: string
  readonly id: (type: string) => string
}

export const EXAMPLE: ExampleValues = {
  account: 'account-9d2mzk5rw8f3c6hq-local-1p7v4xt2',
  operation: 'op-wiki-7h3k9m2xq4v8c5rt',
  token: '4b9c2d7e-0a61-4f38-9e5b-c7d1f2a83e60',
  key: '5kx2m9qtb7',
  cursor: 'eyIiOjE3Nzc4ODcwMDAwMDB9',
  cell: 'local',
  requestId: '0e9f41c2-5f0a-4ad3-9-2b',
  time: '2026-05-04T09:30:00.000Z',
  laterTime: '2026-05-04T10:30:00.000Z',
  purgeTime: '2026-05-11T10:30:00.000Z',
  id: (type) => `${type}-4k7t0qj9m2xdpw3r-local-1vhz01ab`,
}

/** For each parameter in a path. */
export function pathExample(parameter: string, type: string | undefined): string {
  switch (parameter) {
    case 'id':
      return EXAMPLE.id(type ?? 'wiki')
    case 'operation':
      return EXAMPLE.operation
    case 'token':
      return EXAMPLE.token
    case 'key':
      return EXAMPLE.key
    case 'cell':
      return EXAMPLE.cell
    default:
      return type ?? 'wiki'
  }
}

/** The first of the examples that the schema itself brings (`.meta({ examples: [...] })`). */
export function firstExampleOf(schema: ZodType | undefined): unknown {
  const examples = schema === undefined ? undefined : z.globalRegistry.get(schema)?.['examples']
  return Array.isArray(examples) ? (examples as unknown[])[0] : undefined
}

export function resourceExample(type: ResourceType): ResourceJson & { readonly name: string } {
  const settings = firstExampleOf(type.settings)
  return {
    id: EXAMPLE.id(type.name),
    type: type.name,
    account: EXAMPLE.account,
    name: type.name === ACCOUNT_TYPE ? 'Analytical Engines' : 'Field notes',
    cell: 'local',
    state: 'active',
    visibility: type.visibility[0],
    allowed_origins: [],
    url: `https://biplane.example/${type.plural}/${EXAMPLE.id(type.name)}/`,
    labels: { team: 'alpha' },
    metadata: type.metadata === undefined ? { project: 'p-118' } : {},
    create_time: EXAMPLE.time,
    update_time: EXAMPLE.time,
    hosts: [],
    ...(typeof settings === 'object' && settings !== null ? { settings: settings as Record<string, unknown> } : {}),
    delete_protection: false,
    desired_version: 1,
    applied_version: 1,
    etag: '"2"',
  }
}
