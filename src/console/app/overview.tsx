// What a resource is, and what its owner calls it.

import { Code, Divider, Group, Stack, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { isAccounts, useConsole } from './context.ts'
import { LabelsEditor } from './labels-editor.tsx'
import { CopyButton, When } from './parts.tsx'
import { LastSave, sizeOf } from './resource-table.tsx'
import { isDeleted } from './use-resources.ts'

export function Overview({ record }: { readonly record: ResourceJson }): ReactNode {
  const { session, type } = useConsole()
  return (
    <Stack gap="lg">
      <dl className="facts">
        <dt>Identifier</dt>
        <dd>
          <Group gap="xs" wrap="nowrap">
            <Code>{record.id}</Code>
            <CopyButton value={record.id} label="Copy the identifier" />
          </Group>
        </dd>
        {!isAccounts(type) && (
          <>
            <dt>Size</dt>
            <dd>{sizeOf(record)}</dd>
            <dt>Last save</dt>
            <dd>
              <LastSave record={record} />
            </dd>
          </>
        )}
        <dt>Cell</dt>
        <dd>{record.cell}</dd>
        <dt>Created</dt>
        <dd>
          <When time={record.create_time} />
        </dd>
        {record.delete_time !== undefined && (
          <>
            <dt>Deleted</dt>
            <dd>
              <When time={record.delete_time} />
            </dd>
          </>
        )}
        {record.purge_time !== undefined && (
          <>
            <dt>Content ends</dt>
            <dd>
              <When time={record.purge_time} />
            </dd>
          </>
        )}
      </dl>
      {!isDeleted(record) && session.role !== 'read' && (
        <>
          <Divider />
          <Stack gap="sm">
            <Title order={3} size="h5">
              Labels
            </Title>
            <LabelsEditor key={record.id} record={record} />
          </Stack>
        </>
      )}
    </Stack>
  )
}
