// Two types whose declarations say much about them, for what the compiler knows of an app.

import { byAccount, createApp, defineResourceType } from 'biplane'
import { createClient, type Client, type Creation } from 'biplane/client'
import { z } from 'zod'
import { Ledger } from './ledger.ts'

const booklet = defineResourceType({
  name: 'booklet',
  object: class Booklet extends Ledger {},
  params: z.strictObject({ entries: z.array(z.string()).default([]) }),
  settings: z.strictObject({ color: z.enum(['red', 'blue']).default('red') }),
  shards: byAccount(),
})
const diary = defineResourceType({ name: 'diary', plural: 'diaries', object: class Diary extends Ledger {} })

const app = createApp({ types: [booklet, diary] })

export default app

// What follows is for the compiler alone: a mistake here is a type error.

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const must = <_Holds extends true>(): void => {}

export async function check(client: Client<typeof app>): Promise<void> {
  must<Equal<keyof Omit<Client<typeof app>, keyof Client>, 'booklets' | 'diaries'>>()
  const made = await client.booklets.create({ params: { entries: ['one'] }, settings: { color: 'blue' } })
  must<Equal<typeof made.type, 'booklet'>>()
  must<Equal<typeof made.settings, { color: 'red' | 'blue' } | undefined>>()
  must<Equal<Creation<typeof booklet>['params'], { entries?: string[] | undefined } | undefined>>()
  must<Equal<Creation<typeof diary>['params'], undefined>>()
  must<Equal<Awaited<ReturnType<typeof client.diaries.get>>['type'], 'diary'>>()
  // @ts-expect-error params are the type's own
  await client.booklets.create({ params: { entries: [1] } })
  // @ts-expect-error a diary has none
  await client.diaries.create({ params: {} })
  // @ts-expect-error no such setting
  await client.booklets.update(made.id, { settings: { colour: 'blue' } })
  // @ts-expect-error the app has no such type
  await client.novels.count()
  // Without an app, by its plural.
  const [any] = await createClient({ baseUrl: '' }).resources('novels').list().all()
  must<Equal<Exclude<typeof any, undefined>['type'], string>>()
}
