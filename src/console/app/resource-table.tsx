// The list where there is room for columns.

import { Button, Group, Stack, Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { titleOf } from './actions.tsx'
import { isAccounts, useConsole } from './context.ts'
import { DeletedActions } from './deleted-actions.tsx'
import { formatBytes } from './format.ts'
import { Icon } from './icons.tsx'
import { Labels, NameLink, State, When, openPath } from './parts.tsx'
import { ResourceMenu } from './resource-menu.tsx'

export interface RowsProps {
  readonly items: readonly ResourceJson[]
  readonly deleted: boolean
}

export function ResourceTable({ items, deleted }: RowsProps): ReactNode {
  const { type } = useConsole()
  const hasContent = !isAccounts(type)
  return (
    <Table verticalSpacing="sm" highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">Name</Table.Th>
          <Table.Th scope="col">State</Table.Th>
          {hasContent && <Table.Th scope="col">Size</Table.Th>}
          {(hasContent || deleted) && (
            <Table.Th scope="col" className="nowrap">
              {deleted ? 'Deleted' : 'Last save'}
            </Table.Th>
          )}
          <Table.Th scope="col">Cell</Table.Th>
          <Table.Th scope="col">
            <span className="visually-hidden">Actions</span>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((record) => (
          <Table.Tr key={record.id}>
            <Table.Td>
              <Stack gap={2}>
                <NameLink type={type} record={record} />
                <Labels labels={record.labels} />
              </Stack>
            </Table.Td>
            <Table.Td>
              <State record={record} />
            </Table.Td>
            {hasContent && <Table.Td className="nowrap">{sizeOf(record)}</Table.Td>}
            {(hasContent || deleted) && (
              <Table.Td className="nowrap">
                {deleted ? <Deletion record={record} /> : <LastSave record={record} />}
              </Table.Td>
            )}
            <Table.Td>{record.cell}</Table.Td>
            <Table.Td>{deleted ? <DeletedActions record={record} /> : <RowActions record={record} />}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

export function sizeOf({ usage }: ResourceJson): string {
  return usage === undefined ? '–' : formatBytes(usage.bytes)
}

export function LastSave({ record }: { readonly record: ResourceJson }): ReactNode {
  return record.usage === undefined ? '–' : <When time={record.usage.last_write_time} />
}

/** When it was deleted, and how long it can be brought back. */
export function Deletion({ record }: { readonly record: ResourceJson }): ReactNode {
  return (
    <>
      {record.delete_time !== undefined && <When time={record.delete_time} />}
      {record.purge_time !== undefined && (
        <Text size="xs" c="dimmed">
          kept until <time dateTime={record.purge_time}>{new Date(record.purge_time).toLocaleDateString()}</time>
        </Text>
      )}
    </>
  )
}

export function RowActions({ record }: { readonly record: ResourceJson }): ReactNode {
  const { type } = useConsole()
  const isOpenable = !isAccounts(type) && (record.state === 'active' || record.state === 'read_only')
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      {isOpenable && (
        <Button
          component="a"
          href={openPath(type, record.id)}
          target="_blank"
          rel="noreferrer"
          variant="default"
          size="xs"
          rightSection={<Icon name="external" size={14} />}
          aria-label={`Open ${titleOf(record)} in a new tab`}
        >
          Open
        </Button>
      )}
      <ResourceMenu record={record} />
    </Group>
  )
}
