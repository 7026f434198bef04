// Moves to other cells, whoever began them: looked for as often as the list is, and followed while one is under way.

import { useCallback, useEffect, useReducer, useRef } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { notifyDone, notifyRefusal, titleOf } from './actions.tsx'
import { api, refusalOf, type Move, type Session, type TypeInfo } from './api.ts'
import type { Resources } from './use-resources.ts'

export interface Moves {
  /** The last one of a resource that is known, under way or ended. */
  readonly get: (id: string) => Move | undefined
  /** @throws ApiError */
  readonly start: (record: ResourceJson, cell: string) => Promise<Move>
  readonly cancel: (move: Move) => Promise<void>
  /** Who began it looks elsewhere: how it ends is told. */
  readonly tellEnd: (move: Move) => void
}

/** Most moves are over within this time. */
const FOLLOW_MS = 1_000

export function useMoves(session: Session, type: TypeInfo, resources: Resources): Moves {
  const known = useRef(new Map<string, Move>())
  const awaited = useRef(new Set<string>())
  const [looks, drawAgain] = useReducer((count: number) => count + 1, 0)
  const latest = useRef(resources)
  latest.current = resources

  const take = useCallback(
    (moves: readonly Move[]) => {
      for (const move of moves) {
        const { resource } = move.subject
        const before = known.current.get(resource)
        if (move.type !== type.name || isOlder(move, before)) continue
        known.current.set(resource, move)
        const isFollowed = move.state === 'running' || (before?.id === move.id && before.state === 'running')
        // Its cell, its state and its revision change with every step.
        if (isFollowed && !isSameStep(move, before))
          api.get(type, resource).then(
            (record) => latest.current.take([record]),
            // The list will have it, or say why not.
            () => undefined,
          )
        if (move.state !== 'running' && awaited.current.delete(move.id)) notifyEnd(move, latest.current.get(resource))
      }
      drawAgain()
    },
    [type],
  )

  const look = useCallback(async () => {
    const page = await api.moves()
    const ids = new Set(page.map(({ id }) => id))
    const missing = [...known.current.values()].filter(({ id, state }) => state === 'running' && !ids.has(id))
    const older = await Promise.all(
      missing.map(({ id, subject }) =>
        api.operation(id).catch((error: unknown) => {
          // It ended so long ago that nothing is known of it any more.
          if (refusalOf(error).code === 'not_found') known.current.delete(subject.resource)
          return undefined
        }),
      ),
    )
    take([...page, ...older.filter((move) => move !== undefined)])
  }, [take])

  const isOn = session.cells.length > 1
  // That the control plane is away is the list's to say.
  const tryToLook = useCallback(() => look().catch(drawAgain), [look])
  useEffect(() => {
    if (isOn) void tryToLook()
  }, [isOn, tryToLook, resources.round])

  const isAnyUnderWay = [...known.current.values()].some(({ state }) => state === 'running')
  useEffect(() => {
    if (!isAnyUnderWay) return undefined
    const timer = setTimeout(() => void tryToLook(), FOLLOW_MS)
    return () => clearTimeout(timer)
  }, [isAnyUnderWay, looks, tryToLook])

  return {
    get: (id) => known.current.get(id),
    async start({ id }, cell) {
      const move = await api.move(type, id, cell)
      take([move])
      return move
    },
    async cancel(move) {
      try {
        take([await api.cancel(move)])
      } catch (error) {
        notifyRefusal('The move was not given up', refusalOf(error))
      }
    },
    tellEnd: ({ id }) => void awaited.current.add(id),
  }
}

/** An answer that was on its way for longer may be of an earlier time. */
function isOlder(move: Move, known: Move | undefined): boolean {
  if (known === undefined) return false
  if (move.id !== known.id) return move.create_time < known.create_time
  return move.update_time < known.update_time || (known.state !== 'running' && move.state === 'running')
}

function isSameStep(move: Move, before: Move | undefined): boolean {
  return move.id === before?.id && move.state === before.state && move.progress.done === before.progress.done
}

function notifyEnd({ state, error, subject }: Move, record: ResourceJson | undefined): void {
  const title = record === undefined ? subject.resource : titleOf(record)
  if (state === 'succeeded') notifyDone(`“${title}” is in ${subject.to} now.`)
  else if (error !== undefined)
    notifyRefusal(`“${title}” was not moved`, {
      code: error.code,
      status: 0,
      title: '',
      detail: error.message,
      retryable: false,
    })
}
