// Everything that can be done to one resource, behind three dots.

import { ActionIcon, Menu } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { titleOf } from './actions.tsx'
import type { Changes } from './api.ts'
import { isAccounts, isWiki, useConsole } from './context.ts'
import { ConfirmDialog, RenameDialog } from './dialogs.tsx'
import { Icon } from './icons.tsx'
import { MoveDialog } from './move-dialog.tsx'
import { go, type Panel } from './route.ts'

type Mode = NonNullable<Changes['mode']>

/** The other modes that a resource may be put into. */
const MODES: readonly { readonly mode: Mode; readonly label: string; readonly icon: 'play' | 'edit' | 'pause' }[] = [
  { mode: 'active', label: 'Make active', icon: 'play' },
  { mode: 'read_only', label: 'Make read-only', icon: 'edit' },
  { mode: 'suspended', label: 'Suspend', icon: 'pause' },
]

/** Identifiers that are the platform's own are valid where they were made. Any other has a hyphen before so many characters. */
const PLATFORM_MADE = /^[a-z0-9]+-u[^-]{52}-/

export function ResourceMenu({ record }: { readonly record: ResourceJson }): ReactNode {
  const { type, actions, session, cells } = useConsole()
  const [isRenaming, rename] = useDisclosure(false)
  const [isDeleting, deletion] = useDisclosure(false)
  const [isMoving, moving] = useDisclosure(false)
  const open = (panel: Panel): void => go({ plural: type.plural, id: record.id, panel })
  const isReady = record.state !== 'creating' && session.role !== 'read'
  const isAccount = isAccounts(type)
  const isMovable =
    cells.length > 1 && !isAccount && !PLATFORM_MADE.test(record.id) && ['admin', 'operator'].includes(session.role)
  // What cannot be undone is asked about; the rest is done, and can be taken back.
  const isFinal = session.delete_retention_seconds === 0 || record.state === 'creating'

  return (
    <>
      {/* Without the toolkit's placeholder the first item has the focus, and a menu holds nothing but items. */}
      <Menu position="bottom-end" withinPortal shadow="md" width={220} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="md" aria-label={`More for ${titleOf(record)}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="tag" size={16} />} onClick={() => open('overview')}>
            Details and labels
          </Menu.Item>
          <Menu.Item
            leftSection={<Icon name={isAccount ? 'key' : 'link'} size={16} />}
            onClick={() => open(isAccount ? 'keys' : 'sharing')}
            disabled={!isReady}
          >
            {isAccount ? 'API keys' : 'Share'}
          </Menu.Item>
          {isWiki(type) && (
            <Menu.Item
              leftSection={<Icon name="history" size={16} />}
              onClick={() => open('versions')}
              disabled={!isReady}
            >
              Versions and export
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Icon name="edit" size={16} />} onClick={rename.open} disabled={!isReady}>
            Rename
          </Menu.Item>
          {isMovable && (
            <Menu.Item leftSection={<Icon name="move" size={16} />} onClick={moving.open} disabled={!isReady}>
              Move to another cell …
            </Menu.Item>
          )}
          <Menu.Divider />
          {MODES.filter(({ mode }) => mode !== record.state).map(({ mode, label, icon }) => (
            <Menu.Item
              key={mode}
              leftSection={<Icon name={icon} size={16} />}
              disabled={!isReady}
              onClick={() => void actions.change(record, { mode })}
            >
              {label}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item
            color="var(--mantine-color-error)"
            leftSection={<Icon name="trash" size={16} />}
            disabled={session.role === 'read'}
            onClick={() => (isFinal || isAccount ? deletion.open() : void actions.remove(record))}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RenameDialog record={record} isOpen={isRenaming} onClose={rename.close} />
      <MoveDialog record={record} isOpen={isMoving} onClose={moving.close} />
      <ConfirmDialog
        isOpen={isDeleting}
        onClose={deletion.close}
        title={`Delete “${titleOf(record)}”?`}
        text={`${isAccount ? 'Its keys are refused, and all that it has is deleted with it. ' : ''}${
          isFinal ? 'This server keeps no deleted content: it cannot be restored.' : 'It can be restored for a while.'
        }`}
        action={isFinal ? 'Delete for good' : 'Delete'}
        {...(isAccount && isFinal ? { typed: titleOf(record) } : {})}
        onConfirm={() => (isFinal ? actions.purge(record) : actions.remove(record))}
      />
    </>
  )
}
