// The list on a phone: one card below the other.

import { Box, Group, Paper, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { isAccounts, useConsole } from './context.ts'
import { DeletedActions } from './deleted-actions.tsx'
import { Labels, NameLink, State } from './parts.tsx'
import { Deletion, LastSave, RowActions, sizeOf, type RowsProps } from './resource-table.tsx'

export function ResourceCards({ items, deleted }: RowsProps): ReactNode {
  const { type } = useConsole()
  const hasContent = !isAccounts(type)
  return (
    <Box role="list">
      {items.map((record) => (
        <Paper key={record.id} withBorder p="md" className="card" role="listitem">
          <Stack gap="xs">
            <NameLink type={type} record={record} />
            <Labels labels={record.labels} />
            <Group gap="md">
              <State record={record} />
              <Text size="sm" c="dimmed" component="div">
                {deleted ? (
                  <Deletion record={record} />
                ) : (
                  hasContent &&
                  record.usage !== undefined && (
                    <>
                      saved <LastSave record={record} />
                    </>
                  )
                )}
              </Text>
            </Group>
            <Group justify="space-between" gap="xs">
              <Text size="xs" c="dimmed">
                {hasContent && `${sizeOf(record)} · `}
                {record.cell}
              </Text>
              {deleted ? <DeletedActions record={record} /> : <RowActions record={record} />}
            </Group>
          </Stack>
        </Paper>
      ))}
    </Box>
  )
}
