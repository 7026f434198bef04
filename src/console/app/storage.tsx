// How a wiki is stored, and the way to the other form and back.

import { Button, Group, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { notifyDone, notifyRefusal, titleOf } from './actions.tsx'
import { refusalOf } from './api.ts'
import { convertTo, type WikiInfo } from './content.ts'
import { useConsole } from './context.ts'
import { ConfirmDialog } from './dialogs.tsx'

const FORMS = {
  file: {
    label: 'Stored as one file.',
    hint: 'Every save is a version of the whole wiki.',
    other: 'tiddlers',
    action: 'Store by tiddlers',
    text: 'Each tiddler will be saved by itself, and several people can write at once. The versions so far are kept. You can go back at any time.',
  },
  tiddlers: {
    label: 'Stored by tiddlers.',
    hint: 'Each tiddler keeps its own earlier revisions; versions are those of the time when it was one file.',
    other: 'file',
    action: 'Store as one file',
    text: 'The wiki will be saved as a whole, and every save is a version. You can go back at any time.',
  },
} as const

interface StorageProps {
  readonly record: ResourceJson
  readonly info: WikiInfo
  readonly onConverted: () => Promise<void>
}

export function Storage({ record, info, onConverted }: StorageProps): ReactNode {
  const { type, session } = useConsole()
  const [isAsking, asking] = useDisclosure(false)
  const form = FORMS[info.storage]
  const convert = async (): Promise<void> => {
    try {
      await convertTo(type, record.id, form.other)
      notifyDone(`“${titleOf(record)}” is converted. Reload it where it is open.`)
      await onConverted()
    } catch (error) {
      notifyRefusal('It was not converted', refusalOf(error))
    }
  }
  const version = info.tiddlywiki_version === null ? '' : `TiddlyWiki ${info.tiddlywiki_version}`
  const count = info.tiddlers === undefined ? '' : `${info.tiddlers.toLocaleString()} tiddlers`
  return (
    <Group justify="space-between" gap="sm">
      <Stack gap={2} className="grow">
        <Text size="sm" fw={500}>
          {form.label}
        </Text>
        <Text size="xs" c="dimmed">
          {[form.hint, version, count, info.encrypted ? 'encrypted' : ''].filter((part) => part !== '').join(' · ')}
        </Text>
      </Stack>
      <Button
        variant="default"
        size="xs"
        onClick={asking.open}
        disabled={session.role === 'read' || record.state !== 'active'}
      >
        {form.action}
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={asking.close}
        title={`${form.action}?`}
        text={`${form.text} Pages of it that are open now must be reloaded before they can save.`}
        action="Convert"
        isHarmless
        onConfirm={convert}
      />
    </Group>
  )
}
