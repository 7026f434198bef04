// A new resource: blank, of a file, or as a copy of another one.

import { Alert, Button, Group, Loader, Modal, Stack, Text } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import { titleOf } from './actions.tsx'
import { isAccounts, useConsole } from './context.ts'
import { CreateForm } from './create-form.tsx'
import { useCreation, type CreationFlow, type Progress } from './creation.ts'
import { Icon } from './icons.tsx'
import { openPath } from './parts.tsx'
import { toHash } from './route.ts'

interface CreateDialogProps {
  readonly isOpen: boolean
  /** Dropped onto the list. */
  readonly file: File | undefined
  readonly onClose: () => void
}

export function CreateDialog({ isOpen, file, onClose }: CreateDialogProps): ReactNode {
  const { type } = useConsole()
  // Whether it works out is told in here, so nobody leaves before.
  const [isBusy, setBusy] = useState(false)
  const leaving = { closeOnEscape: !isBusy, closeOnClickOutside: !isBusy, withCloseButton: !isBusy }
  return (
    <Modal opened={isOpen} onClose={onClose} title={`New ${type.name}`} centered size="lg" {...leaving}>
      <CreateSteps file={file} onClose={onClose} onBusy={setBusy} />
    </Modal>
  )
}

/** Mounted only while the dialog is open: every time it begins anew. */
function CreateSteps(
  props: Omit<CreateDialogProps, 'isOpen'> & { readonly onBusy: (isBusy: boolean) => void },
): ReactNode {
  const { file, onClose, onBusy } = props
  const flow = useCreation()
  const { progress } = flow
  const isBusy = progress.step === 'working'
  useEffect(() => onBusy(isBusy), [isBusy, onBusy])
  switch (progress.step) {
    case 'form':
      return <CreateForm file={file} refusal={progress.refusal} onCreate={flow.start} onCancel={onClose} />
    case 'working':
      return (
        <Group py="xl" justify="center" role="status">
          <Loader size="sm" />
          <Text>{progress.text}</Text>
        </Group>
      )
    case 'half':
      return <Half flow={flow} progress={progress} onClose={onClose} />
    case 'done':
      return <Done progress={progress} onClose={onClose} />
  }
}

function Half(props: {
  readonly flow: CreationFlow
  readonly progress: Progress & { readonly step: 'half' }
  readonly onClose: () => void
}): ReactNode {
  const { flow, progress, onClose } = props
  return (
    <Stack>
      <Alert variant="outline" color="red.9" title="The content did not get in" role="alert">
        {progress.refusal.detail}
      </Alert>
      <Text size="sm">“{titleOf(progress.record)}” was created and is empty.</Text>
      <Group justify="flex-end">
        <Button variant="subtle" color="gray" onClick={onClose}>
          Keep it empty
        </Button>
        <Button variant="default" onClick={() => void flow.discard()}>
          Take it away
        </Button>
        <Button onClick={() => void flow.again()} data-autofocus>
          Try again
        </Button>
      </Group>
    </Stack>
  )
}

function Done(props: {
  readonly progress: Progress & { readonly step: 'done' }
  readonly onClose: () => void
}): ReactNode {
  const { type } = useConsole()
  const { record, result } = props.progress
  const isThere = record.state !== 'creating'
  return (
    <Stack>
      <Text role="status">
        “{titleOf(record)}” {isThere ? 'is ready.' : 'is being created: it appears in the list in a moment.'}
        {result?.tiddlers !== undefined && ` It has ${result.tiddlers.toLocaleString()} tiddlers.`}
      </Text>
      {result?.converted === false && (
        <Text size="sm" c="dimmed">
          The file is kept exactly as it is. {result.reason}
        </Text>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={props.onClose}>
          Close
        </Button>
        {isThere && isAccounts(type) && (
          <Button
            component="a"
            href={toHash({ plural: type.plural, id: record.id, panel: 'keys' })}
            onClick={props.onClose}
            ref={takeFocus}
          >
            Make a key for it
          </Button>
        )}
        {isThere && !isAccounts(type) && (
          <Button
            component="a"
            href={openPath(type, record.id)}
            target="_blank"
            rel="noreferrer"
            rightSection={<Icon name="external" size={16} />}
            onClick={props.onClose}
            ref={takeFocus}
          >
            Open it
          </Button>
        )}
      </Group>
    </Stack>
  )
}

/** The form that had the focus is gone: without this a keyboard would begin at the page's top again. */
function takeFocus(element: HTMLAnchorElement | null): void {
  element?.focus()
}
