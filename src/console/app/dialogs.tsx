// Questions: a new name, and whether it is really meant.

import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState, type ReactNode, type SubmitEvent } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { titleOf } from './actions.tsx'
import { useConsole } from './context.ts'

/** What the API allows. */
export const MAX_NAME_LENGTH = 100

interface DialogProps {
  readonly isOpen: boolean
  readonly onClose: () => void
}

export function RenameDialog(props: DialogProps & { readonly record: ResourceJson }): ReactNode {
  const { record, isOpen, onClose } = props
  return (
    <Modal opened={isOpen} onClose={onClose} title="Rename" returnFocus centered>
      <RenameForm record={record} onDone={onClose} onCancel={onClose} />
    </Modal>
  )
}

function RenameForm(props: {
  readonly record: ResourceJson
  readonly onDone: () => void
  readonly onCancel: () => void
}): ReactNode {
  const { actions } = useConsole()
  const [name, setName] = useState(props.record.name ?? '')
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    // Shown at once; a refusal is told, and the old name comes back.
    void actions.change(props.record, { name: name.trim() === '' ? null : name.trim() })
    props.onDone()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Name"
          description="The address stays the same."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={MAX_NAME_LENGTH}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onCancel}>
            Cancel
          </Button>
          <Button type="submit">Rename</Button>
        </Group>
      </Stack>
    </form>
  )
}

interface ConfirmProps extends DialogProps {
  readonly title: string
  readonly text: string
  readonly action: string
  /** Text that has to be typed first, for what nothing brings back. */
  readonly typed?: string
  /** It can be taken back: no red. */
  readonly isHarmless?: boolean
  readonly onConfirm: () => Promise<unknown>
}

export function ConfirmDialog(props: ConfirmProps): ReactNode {
  return (
    <Modal opened={props.isOpen} onClose={props.onClose} title={props.title} centered>
      <ConfirmForm {...props} />
    </Modal>
  )
}

function ConfirmForm({ text, action, typed, isHarmless = false, onConfirm, onClose }: ConfirmProps): ReactNode {
  const [answer, setAnswer] = useState('')
  const [isBusy, setBusy] = useState(false)
  const isMeant = typed === undefined || answer.trim() === typed
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (!isMeant) return
    setBusy(true)
    void onConfirm().finally(onClose)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{text}</Text>
        {typed !== undefined && (
          <TextInput
            label={`Type “${typed}” to confirm`}
            value={answer}
            onChange={(event) => setAnswer(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} {...(typed === undefined ? { 'data-autofocus': true } : {})}>
            Cancel
          </Button>
          <Button type="submit" {...(isHarmless ? {} : { color: 'red.9' })} disabled={!isMeant} loading={isBusy}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** Somebody else has the name of a deleted resource now: under which one is it to come back? */
export function RestoreAsDialog(props: DialogProps & { readonly record: ResourceJson }): ReactNode {
  const { record, isOpen, onClose } = props
  return (
    <Modal opened={isOpen} onClose={onClose} title={`Restore “${titleOf(record)}”`} centered>
      <RestoreAsForm record={record} onClose={onClose} />
    </Modal>
  )
}

function RestoreAsForm({
  record,
  onClose,
}: {
  readonly record: ResourceJson
  readonly onClose: () => void
}): ReactNode {
  const { actions } = useConsole()
  const [name, setName] = useState(`${(record.name ?? '').slice(0, MAX_NAME_LENGTH - 11)} (restored)`)
  const [error, setError] = useState<string>()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    actions.restore(record, name.trim()).then(onClose, (thrown: Error) => setError(thrown.message))
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">Another one has its name by now. Give this one a new name.</Text>
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={error}
          maxLength={MAX_NAME_LENGTH}
          required
          withAsterisk={false}
          data-autofocus
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit">Restore</Button>
        </Group>
      </Stack>
    </form>
  )
}
