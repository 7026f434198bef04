// What can be done to a deleted resource: bring it back, or end it for good.

import { Button, Group } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { notifyDone, notifyRefusal, titleOf } from './actions.tsx'
import { refusalOf } from './api.ts'
import { isAccounts, useConsole } from './context.ts'
import { ConfirmDialog, RestoreAsDialog } from './dialogs.tsx'

export function DeletedActions({ record }: { readonly record: ResourceJson }): ReactNode {
  const { actions, session, type } = useConsole()
  const [isPurging, purging] = useDisclosure(false)
  const [isRenaming, renaming] = useDisclosure(false)
  const [isBusy, setBusy] = useState(false)
  if (record.purge_time === undefined || session.role === 'read') return null

  const restore = (): void => {
    setBusy(true)
    actions
      .restore(record)
      .then((isDone) => isDone && notifyDone(`“${titleOf(record)}” is back.`))
      .catch((error: unknown) => {
        const refusal = refusalOf(error)
        if (refusal.code === 'already_exists') renaming.open()
        else notifyRefusal('It was not restored', refusal)
      })
      .finally(() => setBusy(false))
  }

  return (
    <>
      <Group gap="xs" justify="flex-end" wrap="nowrap">
        <Button
          size="xs"
          variant="default"
          onClick={restore}
          loading={isBusy}
          aria-label={`Restore ${titleOf(record)}`}
        >
          Restore
        </Button>
        <Button
          size="xs"
          variant="subtle"
          color="gray"
          c="var(--mantine-color-error)"
          onClick={purging.open}
          aria-label={`Delete for good: ${titleOf(record)}`}
        >
          Delete for good
        </Button>
      </Group>
      <RestoreAsDialog record={record} isOpen={isRenaming} onClose={renaming.close} />
      <ConfirmDialog
        isOpen={isPurging}
        onClose={purging.close}
        title={`Delete “${titleOf(record)}” for good?`}
        text={
          isAccounts(type)
            ? 'Its keys, and all resources that it has, end now. Nothing brings them back.'
            : 'Its content and all of its versions end now. Nothing brings them back.'
        }
        action="Delete for good"
        typed={titleOf(record)}
        onConfirm={() => actions.purge(record)}
      />
    </>
  )
}
