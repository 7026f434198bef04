// Many creations at once, each process killed with -9 in their midst: what was promised is there, once, and nothing else is.

import { expect, test } from 'vitest'
import type { ResourceJson } from '../../src/wire/resource.ts'
import { startServer } from '../support/server.ts'
import { CASK_APP, createByKey, expectSettled, list } from './casks.ts'

/** More than one run of the reconciler takes (100). */
const CREATIONS = 150
const CLIENTS = 16
/** Answers after which the control process dies, and after which the data process does. */
const CONTROL_DIES_AFTER = 40
const DATA_DIES_AFTER = 90

test('[CP1] [CP3] [RC1] 150 creations, kill -9 of either process in their midst: each exists once', async () => {
  const server = await startServer({ app: CASK_APP })
  const promised = new Map<string, string>()
  const deaths: Promise<void>[] = []
  let interrupted = 0

  const send = async (name: string): Promise<void> => {
    const answer = await createByKey(server, name).catch(() => undefined)
    if (answer === undefined || answer.status >= 500) {
      interrupted++
      await answer?.body?.cancel()
      await Promise.all([...deaths, server.control.ready(), server.data.ready()])
      return send(name)
    }
    expect([201, 202], await answer.clone().text()).toContain(answer.status)
    promised.set(name, ((await answer.json()) as ResourceJson).id)
    if (promised.size === CONTROL_DIES_AFTER) deaths.push(server.control.kill9())
    if (promised.size === DATA_DIES_AFTER) deaths.push(server.data.kill9())
  }
  const names = Array.from({ length: CREATIONS }, (_, number) => `cask-${number}`)
  const queue = names.values()
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      for (const name of queue) await send(name)
    }),
  )
  expect(deaths).toHaveLength(2)
  expect(interrupted, 'creations that a kill interrupted').toBeGreaterThan(0)
  await Promise.all([...deaths, server.control.ready(), server.data.ready()])
  await expectSettled(server, promised.values())

  const listed = await list(server)
  expect(new Map(listed.map(({ name, id }) => [name, id]))).toEqual(promised)
  expect(listed.map(({ state }) => state)).toEqual(names.map(() => 'active'))
  const again = await Promise.all(names.map((name) => createByKey(server, name)))
  for (const answer of again) {
    expect(answer.status).toBe(201)
    const { name, id } = (await answer.json()) as ResourceJson
    expect(id).toBe(promised.get(name ?? ''))
  }
})
