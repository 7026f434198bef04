// Everything that can be done to one resource, behind three dots.

import { ActionIcon, Menu } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { titleOf } from './actions.tsx'
import type { Changes } from './api.ts'
import { isWiki, useConsole } from './context.ts'
import { ConfirmDialog, RenameDialog } from './dialogs.tsx'
import { Icon } from './icons.tsx'
import { go } from './route.ts'

type Mode = NonNullable<Changes['mode']>

/** The other modes that a resource may be put into. */
const MODES: readonly { readonly mode: Mode; readonly label: string; readonly icon: 'play' | 'edit' | 'pause' }[] = [
  { mode: 'active', label: 'Make active', icon: 'play' },
  { mode: 'read_only', label: 'Make read-only', icon: 'edit' },
  { mode: 'suspended', label: 'Suspend', icon: 'pause' },
]

export function ResourceMenu({ record }: { readonly record: ResourceJson }): ReactNode {
  const { type, actions, session } = useConsole()
  const [isRenaming, rename] = useDisclosure(false)
  const [isDeleting, deletion] = useDisclosure(false)
  const open = (panel: 'overview' | 'sharing' | 'versions'): void => go({ plural: type.plural, id: record.id, panel })
  const isReady = record.state !== 'creating' && session.role !== 'read'
  // What cannot be undone is asked about; the rest is done, and can be taken back.
  const isFinal = session.delete_retention_seconds === 0 || record.state === 'creating'

  return (
    <>
      {/* Without the toolkit's placeholder the first item has the focus, and a menu holds nothing but items. */}
      <Menu position="bottom-end" withinPortal shadow="md" width={200} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="md" aria-label={`More for ${titleOf(record)}`}>
            <Icon name="more" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="tag" size={16} />} onClick={() => open('overview')}>
            Details and labels
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="link" size={16} />} onClick={() => open('sharing')} disabled={!isReady}>
            Share
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
            onClick={() => (isFinal ? deletion.open() : void actions.remove(record))}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RenameDialog record={record} isOpen={isRenaming} onClose={rename.close} />
      <ConfirmDialog
        isOpen={isDeleting}
        onClose={deletion.close}
        title={`Delete “${titleOf(record)}”?`}
        text="This server keeps no deleted content: it cannot be restored."
        action="Delete for good"
        onConfirm={() => actions.purge(record)}
      />
    </>
  )
}
