// The choices that a new wiki has and other resources have not.

import { Anchor, Button, FileButton, Group, Paper, Radio, Select, Stack, Text } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { titleOf } from './actions.tsx'
import { api, refusalOf, type TypeInfo } from './api.ts'
import type { Storage } from './content.ts'
import { formatBytes } from './format.ts'

export function FileChoice(props: {
  readonly file: File | undefined
  readonly onChoose: (file: File | null) => void
  readonly onClear: () => void
}): ReactNode {
  return (
    <Paper withBorder p="md">
      {props.file === undefined ? (
        <Group>
          <FileButton onChange={props.onChoose} accept=".html,.htm,.tw,text/html">
            {(button) => (
              <Button {...button} variant="default">
                Choose a file
              </Button>
            )}
          </FileButton>
          <Text size="sm" c="dimmed">
            or drop a TiddlyWiki file (.html) here
          </Text>
        </Group>
      ) : (
        <ChosenFile file={props.file} onClear={props.onClear} />
      )}
    </Paper>
  )
}

/** Marks a wiki that others are made of. */
const TEMPLATE_LABEL = 'template'
/** Enough to choose from; beyond it one searches by name. */
const OFFERED_TEMPLATES = 100

export function TemplateChoice(props: {
  readonly type: TypeInfo
  readonly value: string | null
  readonly onChoose: (id: string | null) => void
}): ReactNode {
  const { type } = props
  const [search, setSearch] = useState('')
  const [offered, setOffered] = useState<readonly ResourceJson[]>([])
  const [error, setError] = useState<string>()
  useEffect(() => {
    const abort = new AbortController()
    api.list(type, { search: search.trim(), deleted: false, limit: OFFERED_TEMPLATES }, abort.signal).then(
      ({ data }) => setOffered(data),
      (thrown: unknown) => !abort.signal.aborted && setError(refusalOf(thrown).detail),
    )
    return () => abort.abort()
  }, [type, search])

  const groups = [
    { group: 'Templates', items: offered.filter(isTemplate).map(toOption) },
    { group: 'Your other wikis', items: offered.filter((record) => !isTemplate(record)).map(toOption) },
  ]
  return (
    <Select
      label="Copy of"
      description={`A wiki with the label “${TEMPLATE_LABEL}” is offered first.`}
      placeholder="Choose a wiki"
      data={groups.filter(({ items }) => items.length > 0)}
      value={props.value}
      onChange={props.onChoose}
      searchable
      onSearchChange={setSearch}
      // The server has searched already, identifiers too.
      filter={({ options }) => options}
      nothingFoundMessage="No wiki of this name"
      error={error}
    />
  )
}

export function StorageChoice(props: {
  readonly value: Storage
  readonly onChoose: (storage: Storage) => void
}): ReactNode {
  return (
    <Radio.Group label="How it is saved" value={props.value} onChange={props.onChoose}>
      <Stack gap="xs" mt="xs">
        <Radio
          value="file"
          label="As one file"
          description="Every save is a version of the whole wiki. Works with every plugin, and can be encrypted."
        />
        <Radio
          value="tiddlers"
          label="By tiddlers"
          description="Each tiddler is saved by itself: quick in large wikis, and several people can write at once."
        />
      </Stack>
    </Radio.Group>
  )
}

function toOption(record: ResourceJson): { value: string; label: string } {
  return { value: record.id, label: titleOf(record) }
}

function isTemplate({ labels }: ResourceJson): boolean {
  return Object.hasOwn(labels, TEMPLATE_LABEL)
}

/** The chosen file, and how to take another one. */
function ChosenFile({ file, onClear }: { readonly file: File; readonly onClear: () => void }): ReactNode {
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {file.name}{' '}
        <Text span c="dimmed">
          ({formatBytes(file.size)})
        </Text>
      </Text>
      <Anchor component="button" type="button" size="sm" onClick={onClear}>
        Choose another
      </Anchor>
    </Group>
  )
}
