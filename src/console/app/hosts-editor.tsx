// Host names of the owner's own, one a line.

import { Button, Code, Group, Stack, Text, Textarea } from '@mantine/core'
import { useState, type ReactNode, type SubmitEvent } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { useConsole } from './context.ts'

export function HostsEditor({ record }: { readonly record: ResourceJson }): ReactNode {
  const { actions } = useConsole()
  const [text, setText] = useState(record.hosts.join('\n'))
  const [isSaving, setSaving] = useState(false)
  const hosts = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((host) => host !== '')
  const isSame = hosts.join() === record.hosts.join()
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    setSaving(true)
    void actions.change(record, { hosts }, 'Host names saved').finally(() => setSaving(false))
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Textarea
          label="Host names"
          description="One a line, such as notes.example.org."
          autosize
          minRows={1}
          maxRows={10}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
        <Text size="xs" c="dimmed">
          Point the name at the proxy in front of this server. The proxy has its certificate, and passes requests on
          with <Code>Host: {record.id}.…</Code>, this resource&rsquo;s own address, as docs/hosts.md shows.
        </Text>
        <Group justify="flex-end">
          <Button type="submit" size="xs" loading={isSaving} disabled={isSame}>
            Save host names
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
