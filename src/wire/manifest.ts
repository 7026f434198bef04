// What an application is made of, as data: the engine folder reads it on the Node side to configure an engine, without knowing the
// application's code.

import type { Capability } from '../identity/capabilities.ts'
import type { ShardPolicy } from '../identity/shard.ts'

export interface AppManifest {
  readonly version: 1
  readonly types: readonly TypeManifest[]
}

export interface TypeManifest {
  readonly name: string
  readonly plural: string
  readonly shards: ShardPolicy
  /** Where new resources are made unless somebody says otherwise: must be one of the deployment's cells. */
  readonly cell?: string
  /** Exported class and environment binding of the control plane objects: `WikiControl`, `WIKI_CONTROL`. */
  readonly control: ObjectBinding
  /** The same for the data plane objects: `WikiData`, `WIKI_DATA`. */
  readonly data: ObjectBinding
  /** What its resources cannot be without; absent: nothing. */
  readonly requires?: readonly Capability[]
}

export interface ObjectBinding {
  readonly className: string
  readonly binding: string
}

/** The two classes of a type and the names under which the engine binds them. */
export function toTypeManifest(
  type: Pick<TypeManifest, 'name' | 'plural' | 'shards' | 'cell' | 'requires'>,
): TypeManifest {
  const pascal = type.name.charAt(0).toUpperCase() + type.name.slice(1)
  const upper = type.name.toUpperCase()
  return {
    name: type.name,
    plural: type.plural,
    shards: type.shards,
    ...(type.cell === undefined ? {} : { cell: type.cell }),
    control: { className: `${pascal}Control`, binding: `${upper}_CONTROL` },
    data: { className: `${pascal}Data`, binding: `${upper}_DATA` },
    ...(type.requires === undefined || type.requires.length === 0 ? {} : { requires: type.requires }),
  }
}
