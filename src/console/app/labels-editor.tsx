// Labels: short words with a value each, by which a person or a program keeps things apart.

import { ActionIcon, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useState, type ReactNode, type SubmitEvent } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { useConsole } from './context.ts'
import { Icon } from './icons.tsx'

interface Row {
  /** Keeps a row's inputs its own while others come and go. */
  readonly row: number
  readonly key: string
  readonly value: string
}

/** What the API allows. */
const MAX_LABELS = 50
const MAX_KEY_LENGTH = 40
const MAX_VALUE_LENGTH = 500

export function LabelsEditor({ record }: { readonly record: ResourceJson }): ReactNode {
  const { actions } = useConsole()
  const [rows, setRows] = useState<readonly Row[]>(() => toRows(record.labels))
  const [isSaving, setSaving] = useState(false)
  const keys = rows.map(({ key }) => key.trim())
  const isRepeated = (index: number): boolean => keys[index] !== '' && keys.indexOf(keys[index] ?? '') !== index
  const labels = Object.fromEntries(
    rows.filter(({ key }) => key.trim() !== '').map(({ key, value }) => [key.trim(), value.trim()]),
  )
  const isSame = isEqual(labels, record.labels)

  const edit = (row: number, change: Partial<Row>): void =>
    setRows(rows.map((each) => (each.row === row ? { ...each, ...change } : each)))
  const add = (): void =>
    setRows([...rows, { row: Math.max(0, ...rows.map(({ row }) => row)) + 1, key: '', value: '' }])
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    setSaving(true)
    void actions
      .change(record, { labels }, 'Labels saved')
      .then((isDone) => isDone && setRows(toRows(labels)))
      .finally(() => setSaving(false))
  }

  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        {rows.length === 0 && (
          <Text size="sm" c="dimmed">
            No labels yet.
          </Text>
        )}
        {rows.map(({ row, key, value }, index) => (
          <Group key={row} gap="xs" wrap="nowrap" align="flex-start">
            <TextInput
              className="grow"
              aria-label={`Label ${index + 1}`}
              placeholder="Label"
              value={key}
              maxLength={MAX_KEY_LENGTH}
              error={isRepeated(index) && 'It is there already'}
              onChange={(event) => edit(row, { key: event.currentTarget.value })}
              // A row is only ever new because somebody asked for it.
              autoFocus={key === ''}
            />
            <TextInput
              className="grow"
              aria-label={`Value of label ${index + 1}`}
              placeholder="Value, if any"
              value={value}
              maxLength={MAX_VALUE_LENGTH}
              onChange={(event) => edit(row, { value: event.currentTarget.value })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="input-sm"
              aria-label={`Remove label ${index + 1}`}
              onClick={() => setRows(rows.filter((each) => each.row !== row))}
            >
              <Icon name="close" />
            </ActionIcon>
          </Group>
        ))}
        <Group justify="space-between" mt="xs">
          <Button
            variant="default"
            size="xs"
            leftSection={<Icon name="plus" size={14} />}
            onClick={add}
            disabled={rows.length >= MAX_LABELS}
          >
            Add a label
          </Button>
          <Button
            type="submit"
            size="xs"
            loading={isSaving}
            disabled={isSame || rows.some((_, index) => isRepeated(index))}
          >
            Save labels
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function toRows(labels: ResourceJson['labels']): Row[] {
  return Object.entries(labels).map(([key, value], row) => ({ row, key, value }))
}

function isEqual(a: ResourceJson['labels'], b: ResourceJson['labels']): boolean {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
