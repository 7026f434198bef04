// createClient(): the whole API for one caller.

import type { ResourceType } from '../resource-type.ts'
import { Keys, type Accounts, type AccountType } from './accounts.ts'
import type { AnyApp, PluralOf, TypesOf } from './app-types.ts'
import { Cells } from './cells.ts'
import { createJournals, type Journals } from './journals.ts'
import { Operations } from './operations.ts'
import { Resources } from './resources.ts'
import { createTransport, type TransportOptions } from './transport.ts'
import { Types } from './types.ts'

export interface ClientOptions extends TransportOptions {}

/** What every client has, whatever the app. */
export interface BaseClient<A extends AnyApp = AnyApp> extends Journals {
  readonly accounts: Accounts
  readonly cells: Cells
  readonly operations: Operations
  readonly types: Types
  /** API keys of an account. */
  keys(account: string): Keys
  /** The resources of a type that is known at run time only. @param plural the type's path segment, such as `wikis` */
  resources<T extends ResourceType = ResourceType>(plural: string): Resources<T>
  /** The same client, acting for another account, or `-` to list over all of them; the operator only. */
  forAccount(account: string): Client<A>
}

/** A client with the resources of each of the app's types under the type's plural. */
export type Client<A extends AnyApp = AnyApp> = BaseClient<A> & {
  readonly [T in TypesOf<A> as Exclude<PluralOf<T>, keyof BaseClient>]: Resources<T>
}

/** As plurals of types are; `then` would make a promise of the client. */
const PLURAL = /^(?!then$)[a-z][a-z0-9]{1,11}$/

/**
 * A client of a Biplane server: `fetch` and nothing else, in browsers, Node and Workers ([CL1]).
 *
 * @typeParam A the app, by its type alone: `createClient<typeof app>()`
 * @example
 * const client = createClient<typeof app>({ baseUrl: 'http://127.0.0.1:8787', key })
 * const wiki = await client.wikis.create({ name: 'Notes' })
 * for await (const { id, name } of client.wikis.list({ q: 'not' })) console.log(id, name)
 */
export function createClient<A extends AnyApp = AnyApp>(options: ClientOptions): Client<A> {
  const send = createTransport(options)
  const base: BaseClient<A> = {
    ...createJournals(send),
    accounts: new Resources<AccountType>(send, 'accounts'),
    cells: new Cells(send),
    operations: new Operations(send),
    types: new Types(send),
    keys: (account) => new Keys(send, account),
    resources: <T extends ResourceType>(plural: string) => new Resources<T>(send, plural, options.baseUrl),
    forAccount: (account) => createClient<A>({ ...options, account }),
  }
  // The app is known to the compiler only: what is asked for by a plural is a type's resources.
  return new Proxy(base, {
    get(target, name) {
      if (typeof name === 'symbol' || name in target) return Reflect.get(target, name) as unknown
      return PLURAL.test(name) ? target.resources(name) : undefined
    },
  }) as Client<A>
}
