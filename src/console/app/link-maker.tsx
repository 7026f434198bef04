// A link for somebody else: what it allows, and until when.

import { Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { notifyRefusal } from './actions.tsx'
import { api, refusalOf, type Permission, type ShareLink } from './api.ts'
import { useConsole } from './context.ts'
import { formatTime } from './format.ts'
import { CopyButton } from './parts.tsx'

const DAY = 24 * 3_600
const LIFETIMES = [
  { value: String(3_600), label: 'an hour' },
  { value: String(DAY), label: 'a day' },
  { value: String(7 * DAY), label: 'a week' },
  { value: String(30 * DAY), label: '30 days' },
]

export function LinkMaker({ record }: { readonly record: ResourceJson }): ReactNode {
  const { type } = useConsole()
  const [permission, setPermission] = useState<Permission>('read')
  const [seconds, setSeconds] = useState(String(7 * DAY))
  const [link, setLink] = useState<ShareLink>()
  const [isBusy, setBusy] = useState(false)

  const make = (): void => {
    setBusy(true)
    api
      .link(type, record.id, permission, Number(seconds))
      .then(setLink, (error: unknown) => notifyRefusal('No link was made', refusalOf(error)))
      .finally(() => setBusy(false))
  }

  return (
    <Stack gap="sm">
      <Group gap="sm" align="flex-end">
        <NativeSelect
          className="grow"
          label="Whoever has it can"
          value={permission}
          onChange={(event) => setPermission(event.currentTarget.value as Permission)}
          data={[
            { value: 'read', label: 'read' },
            { value: 'write', label: 'read and change' },
          ]}
        />
        <NativeSelect
          className="grow"
          label="It works for"
          value={seconds}
          onChange={(event) => setSeconds(event.currentTarget.value)}
          data={LIFETIMES}
        />
        <Button variant="default" onClick={make} loading={isBusy}>
          Create link
        </Button>
      </Group>
      {link !== undefined && (
        <Stack gap={4}>
          <Group gap="xs" wrap="nowrap">
            <TextInput
              className="grow"
              aria-label="Share link"
              value={link.url}
              readOnly
              onFocus={(event) => event.currentTarget.select()}
            />
            <CopyButton value={link.url} label="Copy the link" />
          </Group>
          <Text size="xs" c="dimmed" role="status">
            Works any number of times until {formatTime(link.expire_time)}. It is shown only now: copy it.
          </Text>
        </Stack>
      )}
    </Stack>
  )
}
