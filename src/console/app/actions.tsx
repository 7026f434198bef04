// What a person can do to a resource: shown at once, sent, and taken back when it is refused.

import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMemo, useRef } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { api, refusalOf, type Changes, type Refusal, type TypeInfo } from './api.ts'
import type { Resources } from './use-resources.ts'

export interface Actions {
  /** @returns whether it was done */
  readonly change: (record: ResourceJson, changes: Changes, done?: string) => Promise<boolean>
  readonly remove: (record: ResourceJson) => Promise<void>
  /** @throws ApiError `already_exists` when the name is taken meanwhile; other refusals are told */
  readonly restore: (record: ResourceJson, name?: string) => Promise<boolean>
  readonly purge: (record: ResourceJson) => Promise<void>
}

/** Time to see a mistake and reach for the button; the deleted ones are listed, too. */
const UNDO_MS = 12_000

export function titleOf({ name, id }: ResourceJson): string {
  return name ?? id
}

export function notifyRefusal(what: string, { title, detail, requestId, code }: Refusal): void {
  notifications.show({
    color: 'red',
    title: what,
    message:
      `${code === 'network' ? title : ''} ${detail} ${requestId === undefined ? '' : `(request ${requestId})`}`.trim(),
    autoClose: 12_000,
  })
}

export function notifyDone(message: string): void {
  notifications.show({ message, color: 'teal' })
}

export function useActions(type: TypeInfo, resources: Resources): Actions {
  const latest = useRef({ type, resources })
  latest.current = { type, resources }
  // One change of a resource after the other: each is based on what the one before it made.
  const queues = useRef(new Map<string, Promise<unknown>>())

  return useMemo(() => {
    const inTurn = <T,>(id: string, run: () => Promise<T>): Promise<T> => {
      const turn = (queues.current.get(id) ?? Promise.resolve()).then(run, run)
      queues.current.set(id, turn)
      return turn
    }
    const now = (record: ResourceJson): ResourceJson => latest.current.resources.get(record.id) ?? record

    /** Shows `expected`, sends, shows the answer; on a refusal shows again what was there before. */
    const attempt = (record: ResourceJson, expected: Partial<ResourceJson>, request: Request): Promise<void> =>
      inTurn(record.id, async () => {
        const { type: of, resources: list } = latest.current
        const before = now(record)
        const release = list.hold(record.id)
        list.put({ ...before, ...expected })
        try {
          const answer = await request(of, before)
          latest.current.resources.put(answer)
        } catch (error) {
          const isBehind = refusalOf(error).code === 'precondition_failed'
          latest.current.resources.put(isBehind ? await api.get(of, record.id).catch(() => before) : before)
          throw error
        } finally {
          release()
        }
      })

    const restore: Actions['restore'] = async (record, name) => {
      try {
        // Shown when it is done: the row, and the question for another name on it, stay until then.
        await attempt(record, {}, (of, { id }) => api.restore(of, id, name))
        latest.current.resources.refresh()
        return true
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal.code === 'already_exists') throw error
        notifyRefusal(`“${titleOf(record)}” was not restored`, refusal)
        return false
      }
    }

    return {
      restore,
      async change(record, changes, done) {
        const { mode, ...rest } = changes
        const expected = { ...rest, ...(mode === undefined ? {} : { state: mode }) }
        try {
          await attempt(record, expected, (of, before) => api.update(of, before, changes))
          if (done !== undefined) notifyDone(done)
          return true
        } catch (error) {
          const refusal = refusalOf(error)
          if (refusal.code === 'precondition_failed') {
            notifications.show({
              color: 'yellow',
              title: 'Changed by somebody else meanwhile',
              message: 'Nothing of yours was stored. You now see how it is: try again if you still want to.',
              autoClose: 12_000,
            })
          } else notifyRefusal(`“${titleOf(record)}” was not changed`, refusal)
          return false
        }
      },
      async remove(record) {
        try {
          await attempt(record, { state: 'deleting' }, (of, { id }) => api.remove(of, id))
          showUndo(record, () => restore(now(record)))
        } catch (error) {
          notifyRefusal(`“${titleOf(record)}” was not deleted`, refusalOf(error))
        }
      },
      async purge(record) {
        try {
          await attempt(record, { state: 'deleting' }, (of, { id }) => api.purge(of, id))
          notifyDone(`“${titleOf(record)}” is gone for good.`)
          latest.current.resources.refresh()
        } catch (error) {
          notifyRefusal(`“${titleOf(record)}” was not purged`, refusalOf(error))
        }
      },
    }
  }, [])
}

type Request = (type: TypeInfo, before: ResourceJson) => Promise<ResourceJson>

function showUndo(record: ResourceJson, undo: () => Promise<boolean>): void {
  const id = `deleted-${record.id}`
  const onUndo = (): void => {
    notifications.hide(id)
    void undo().catch((error: unknown) => notifyRefusal('It was not restored', refusalOf(error)))
  }
  notifications.show({
    id,
    autoClose: UNDO_MS,
    color: 'gray',
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" lineClamp={2}>
          Deleted “{titleOf(record)}”
        </Text>
        <Button size="compact-sm" variant="default" onClick={onUndo}>
          Undo
        </Button>
      </Group>
    ),
  })
}
