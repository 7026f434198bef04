// Who may come in, by which link and under which name.

import { Button, Divider, Radio, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import type { ReactNode } from 'react'
import type { Visibility } from '../../wire/descriptor.ts'
import type { ResourceJson } from '../../wire/resource.ts'
import { notifyDone, notifyRefusal, titleOf } from './actions.tsx'
import { api, refusalOf } from './api.ts'
import { useConsole } from './context.ts'
import { ConfirmDialog } from './dialogs.tsx'
import { HostsEditor } from './hosts-editor.tsx'
import { LinkMaker } from './link-maker.tsx'

const VISIBILITIES: Readonly<Record<Visibility, { readonly label: string; readonly description: string }>> = {
  private: { label: 'Private', description: 'Only people with a share link get in.' },
  'public-read': {
    label: 'Public, to read',
    description: 'Everybody who knows the address can read it. Changing it needs a share link that allows it.',
  },
  public: { label: 'Public, to read and change', description: 'Everybody who knows the address can change it.' },
}

export function Sharing({ record }: { readonly record: ResourceJson }): ReactNode {
  const { type, actions, session } = useConsole()
  if (session.role === 'read') return <Text size="sm">Your role does not allow sharing.</Text>
  return (
    <Stack gap="lg">
      <Radio.Group
        label={<SectionTitle>Who can open it</SectionTitle>}
        value={record.visibility}
        onChange={(value) => void actions.change(record, { visibility: value as Visibility })}
      >
        <Stack gap="sm" mt="xs">
          {type.visibility.map((each) => (
            <Radio key={each} value={each} {...VISIBILITIES[each]} disabled={type.visibility.length === 1} />
          ))}
        </Stack>
      </Radio.Group>
      <Divider />
      <Stack gap="sm">
        <SectionTitle>Share link</SectionTitle>
        <LinkMaker record={record} />
      </Stack>
      <Divider />
      <Revoking record={record} />
      <Divider />
      <Stack gap="sm">
        <SectionTitle>Host names of your own</SectionTitle>
        <HostsEditor key={record.id} record={record} />
      </Stack>
    </Stack>
  )
}

function SectionTitle({ children }: { readonly children: string }): ReactNode {
  return (
    <Title order={3} size="h5">
      {children}
    </Title>
  )
}

function Revoking({ record }: { readonly record: ResourceJson }): ReactNode {
  const { type, resources } = useConsole()
  const [isAsking, asking] = useDisclosure(false)
  const revoke = async (): Promise<void> => {
    try {
      resources.put(await api.revoke(type, record.id))
      notifyDone('All links, tokens and sessions have ended.')
    } catch (error) {
      notifyRefusal('They were not revoked', refusalOf(error))
    }
  }
  return (
    <Stack gap="sm" align="flex-start">
      <SectionTitle>Revoke access</SectionTitle>
      <Text size="sm" c="dimmed">
        Ends every link, token and session that was ever given out, also yours in open tabs. Content stays.
      </Text>
      <Button
        variant="default"
        c="var(--mantine-color-error)"
        onClick={() => {
          notifications.clean()
          asking.open()
        }}
      >
        Revoke all links and sessions
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={asking.close}
        title={`Revoke all access to “${titleOf(record)}”?`}
        text="Everybody who came in by a link is out at once, and links that you sent no longer work. This cannot be undone; you can make new links."
        action="Revoke all"
        onConfirm={revoke}
      />
    </Stack>
  )
}
