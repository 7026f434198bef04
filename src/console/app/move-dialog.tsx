// Moving a resource to another cell: where to, how far it is, and how it ended.

import { Alert, Button, Group, Loader, Modal, Select, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState, type ReactNode, type SubmitEvent } from 'react'
import { MOVE_FLIPPED } from '../../wire/operation.ts'
import type { ResourceJson } from '../../wire/resource.ts'
import { titleOf } from './actions.tsx'
import { refusalOf, type Move } from './api.ts'
import { useConsole } from './context.ts'

interface MoveDialogProps {
  readonly record: ResourceJson
  readonly isOpen: boolean
  readonly onClose: () => void
}

export function MoveDialog({ record, isOpen, onClose }: MoveDialogProps): ReactNode {
  const { moves } = useConsole()
  const move = moves.get(record.id)
  const close = (): void => {
    if (move?.state === 'running') moves.tellEnd(move)
    onClose()
  }
  return (
    <Modal opened={isOpen} onClose={close} title={`Move “${titleOf(record)}” to another cell`} centered>
      <MoveSteps record={record} onClose={close} />
    </Modal>
  )
}

/** Mounted only while the dialog is open: every time it begins anew, or where a move that is under way is. */
function MoveSteps({ record, onClose }: Omit<MoveDialogProps, 'isOpen'>): ReactNode {
  const { moves } = useConsole()
  const last = moves.get(record.id)
  const [followed, setFollowed] = useState(last?.state === 'running' ? last.id : undefined)
  const move = last?.id === followed ? last : undefined
  if (move === undefined || move.state === 'failed')
    return <MoveForm record={record} failure={move?.error?.message} onStarted={setFollowed} onCancel={onClose} />
  return (
    <Stack>
      {move.state === 'running' ? (
        <MoveProgress move={move} />
      ) : (
        <Text size="sm" role="status">
          {endOf(move, titleOf(record))}
        </Text>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} ref={takeFocus}>
          Close
        </Button>
      </Group>
    </Stack>
  )
}

function MoveForm(props: {
  readonly record: ResourceJson
  /** Why it did not work out, when it had begun. */
  readonly failure: string | undefined
  readonly onStarted: (operation: string) => void
  readonly onCancel: () => void
}): ReactNode {
  const { record, onStarted, onCancel } = props
  const { cells, moves } = useConsole()
  const others = cells.filter((cell) => cell !== record.cell)
  const [cell, setCell] = useState(others.length === 1 ? (others[0] ?? null) : null)
  const [failure, setFailure] = useState(props.failure)
  const [isBusy, setBusy] = useState(false)
  const again = useRef<HTMLButtonElement>(null)
  // What had the focus before it was refused is gone, or could not be pressed meanwhile.
  useEffect(() => {
    if (failure !== undefined) again.current?.focus()
  }, [failure])
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (cell === null) return
    setBusy(true)
    setFailure(undefined)
    moves.start(record, cell).then(
      ({ id }) => onStarted(id),
      (error: unknown) => {
        setBusy(false)
        setFailure(refusalOf(error).detail)
      },
    )
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        {failure !== undefined && (
          <Alert variant="outline" color="red.9" title="It was not moved" role="alert">
            {failure}
          </Alert>
        )}
        <Text size="sm">
          It keeps its address, content, links and tokens. While it is copied it can be read, and changes of its content
          are refused as “try again”: less than a second for a small one. Then live connections are closed, to be opened
          again.
        </Text>
        <Select
          label="Cell"
          description={`It is in ${record.cell} now.`}
          placeholder="Choose a cell"
          data={others}
          value={cell}
          onChange={setCell}
          allowDeselect={false}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={isBusy} disabled={cell === null} ref={again}>
            Move
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** How far a move is, and the way back while there is one. */
export function MoveProgress({ move }: { readonly move: Move }): ReactNode {
  const { moves, session } = useConsole()
  const [isCancelling, setCancelling] = useState(false)
  const { from, to } = move.subject
  const isThere = move.progress.done >= MOVE_FLIPPED
  const cancel = (): void => {
    setCancelling(true)
    void moves.cancel(move).finally(() => setCancelling(false))
  }
  return (
    <Group justify="space-between" gap="sm">
      <Group gap="sm" wrap="nowrap" className="grow" role="status">
        <Loader size="sm" />
        <Text size="sm">
          {isThere
            ? `It is in ${to}. It can be changed again once ${from} has let it go.`
            : `It is being copied from ${from} to ${to}. It can be read; its content cannot be changed meanwhile.`}
        </Text>
      </Group>
      {move.cancellable && session.role !== 'read' && (
        <Button size="compact-sm" variant="default" onClick={cancel} loading={isCancelling}>
          Cancel the move
        </Button>
      )}
    </Group>
  )
}

function endOf({ state, error, subject: { from, to } }: Move, title: string): string {
  if (state === 'succeeded') return `“${title}” is in ${to} now, at the same address.`
  return error?.message ?? `The move was cancelled: “${title}” is in ${from}, as before.`
}

/** The form that had the focus is gone. */
function takeFocus(element: HTMLButtonElement | null): void {
  element?.focus()
}
