// Small pieces that the list and the details share.

import { ActionIcon, Anchor, Badge, Group, Text, Tooltip } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import type { ReactNode } from 'react'
import type { ResourceJson, ResourceState } from '../../wire/resource.ts'
import { titleOf } from './actions.tsx'
import type { TypeInfo } from './api.ts'
import { useConsole } from './context.ts'
import { formatRelative, formatTime } from './format.ts'
import { Icon } from './icons.tsx'
import { toHash } from './route.ts'
import { isDeleted } from './use-resources.ts'

const STATES: Readonly<Record<ResourceState, { readonly label: string; readonly colour: string }>> = {
  creating: { label: 'Being created', colour: 'blue' },
  active: { label: 'Active', colour: 'teal' },
  read_only: { label: 'Read-only', colour: 'yellow' },
  suspended: { label: 'Suspended', colour: 'orange' },
  deleting: { label: 'Being deleted', colour: 'red' },
  deleted: { label: 'Deleted', colour: 'gray' },
}

/** In words, with a dot of a colour for those who see it. */
export function State({ record }: { readonly record: ResourceJson }): ReactNode {
  const move = useConsole().moves.get(record.id)
  const isMoving = move?.state === 'running' && !isDeleted(record)
  const { label, colour } = isMoving ? { label: `Moving to ${move.subject.to}`, colour: 'blue' } : STATES[record.state]
  return (
    <Group component="span" gap={8} wrap="nowrap" display="inline-flex">
      <span className="dot" style={{ background: `var(--mantine-color-${colour}-6)` }} />
      <Text component="span" size="sm" style={{ whiteSpace: 'nowrap' }}>
        {label}
      </Text>
    </Group>
  )
}

export function When({ time }: { readonly time: string }): ReactNode {
  return (
    <time dateTime={time} title={formatTime(time)}>
      {formatRelative(time)}
    </time>
  )
}

/** The name, which leads to the details. */
export function NameLink({ type, record }: { readonly type: TypeInfo; readonly record: ResourceJson }): ReactNode {
  return (
    <Anchor href={toHash({ plural: type.plural, id: record.id })} fw={500} c="inherit" className="name-link">
      {titleOf(record)}
    </Anchor>
  )
}

/** How many labels fit beside a name before they are only counted. */
const SHOWN_LABELS = 3

export function Labels({ labels }: { readonly labels: ResourceJson['labels'] }): ReactNode {
  const entries = Object.entries(labels)
  if (entries.length === 0) return null
  return (
    <Group gap={4} component="span">
      {entries.slice(0, SHOWN_LABELS).map(([key, value]) => (
        <Badge key={key} variant="default" size="sm" tt="none" fw={500} component="span" maw={220}>
          {value === '' ? key : `${key}: ${value}`}
        </Badge>
      ))}
      {entries.length > SHOWN_LABELS && (
        <Text component="span" size="xs" c="dimmed">
          +{entries.length - SHOWN_LABELS}
        </Text>
      )}
    </Group>
  )
}

/** Where the content is: the edge leads the operator's browser to the resource's own origin. */
export function openPath(type: TypeInfo, id: string, path = ''): string {
  return `/${type.plural}/${id}/${path}`
}

export function CopyButton({ value, label }: { readonly value: string; readonly label: string }): ReactNode {
  const { copy, copied, error } = useClipboard()
  const text = error === null ? (copied ? 'Copied' : label) : 'The browser does not allow it: select and copy the text'
  return (
    <Tooltip label={text} {...(copied || error !== null ? { opened: true } : {})}>
      <ActionIcon variant="default" size="input-sm" aria-label={label} onClick={() => copy(value)}>
        <Icon name="copy" />
        <span className="visually-hidden" role="status">
          {copied ? 'Copied' : ''}
        </span>
      </ActionIcon>
    </Tooltip>
  )
}
