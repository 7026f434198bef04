// The resources of one type: find them, make new ones, look at the deleted ones.

import { Button, Center, Group, Loader, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDisclosure, useHotkeys, useIntersection, useMediaQuery } from '@mantine/hooks'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { isWiki, useConsole } from './context.ts'
import { CreateDialog } from './create-dialog.tsx'
import { DropZone } from './drop-zone.tsx'
import { capitalize } from './format.ts'
import { Icon } from './icons.tsx'
import { ResourceCards } from './resource-cards.tsx'
import { ResourceTable } from './resource-table.tsx'
import { go } from './route.ts'
import { Failure, Loading, Notice } from './states.tsx'

interface ListPageProps {
  readonly deleted: boolean
  readonly search: string
  /** The search that the list is the answer to, or will be. */
  readonly searched: string
  readonly onSearch: (search: string) => void
}

export function ListPage({ deleted, search, searched, onSearch }: ListPageProps): ReactNode {
  const { type, session } = useConsole()
  const [isCreating, create] = useDisclosure(false)
  const [file, setFile] = useState<File>()
  const searchInput = useRef<HTMLInputElement>(null)
  useHotkeys([['mod+K', () => searchInput.current?.focus()]])
  const mayCreate = session.role !== 'read'

  const openWith = (dropped?: File): void => {
    setFile(dropped)
    create.open()
  }

  return (
    <Stack gap="lg">
      <Group justify="space-between" wrap="nowrap">
        <Title order={1} size="h2">
          {capitalize(type.plural)}
        </Title>
        {mayCreate && (
          <Button leftSection={<Icon name="plus" />} onClick={() => openWith()}>
            New {type.name}
          </Button>
        )}
      </Group>
      <Group gap="sm">
        <TextInput
          ref={searchInput}
          className="grow"
          type="search"
          aria-label={`Search ${type.plural}`}
          placeholder="Search by name or identifier"
          leftSection={<Icon name="search" />}
          value={search}
          onChange={(event) => onSearch(event.currentTarget.value)}
          maxLength={100}
        />
        <SegmentedControl
          aria-label="Which to show"
          value={deleted ? 'deleted' : 'current'}
          onChange={(value) => go({ plural: type.plural, deleted: value === 'deleted' })}
          data={[
            { value: 'current', label: 'Current' },
            { value: 'deleted', label: 'Deleted' },
          ]}
        />
      </Group>
      <DropZone isOff={!isWiki(type) || !mayCreate} onDrop={openWith}>
        <List deleted={deleted} searched={searched} onCreate={() => openWith()} />
      </DropZone>
      <CreateDialog key={file?.name} isOpen={isCreating} file={file} onClose={create.close} />
    </Stack>
  )
}

function List(props: {
  readonly deleted: boolean
  readonly searched: string
  readonly onCreate: () => void
}): ReactNode {
  const { resources, type } = useConsole()
  // Below this a table of six columns would have to be moved sideways.
  const isNarrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false })
  if (resources.status === 'loading') return <Loading rows={6} />
  if (resources.status === 'failed' && resources.refusal !== undefined)
    return <Failure refusal={resources.refusal} onRetry={resources.refresh} />
  if (resources.items.length === 0 && !resources.hasMore) return <Empty {...props} />
  const Shown = isNarrow ? ResourceCards : ResourceTable
  return (
    <div aria-busy={resources.isSearching} className={resources.isSearching ? 'searching' : undefined}>
      <Shown items={resources.items} deleted={props.deleted} />
      {resources.refusal !== undefined && resources.retryAtMs === undefined && (
        <Failure refusal={resources.refusal} onRetry={resources.refresh} />
      )}
      {resources.hasMore && <More plural={type.plural} />}
    </div>
  )
}

/** Loads by itself when it comes into sight; a button for those who do not scroll. */
function More({ plural }: { readonly plural: string }): ReactNode {
  const { resources } = useConsole()
  const { ref, entry } = useIntersection({ rootMargin: '400px' })
  const { loadMore, isLoadingMore, refusal } = resources
  const isInSight = entry?.isIntersecting === true
  useEffect(() => {
    if (isInSight && !isLoadingMore && refusal === undefined) loadMore()
  })
  return (
    <Center ref={ref} py="lg">
      {isLoadingMore ? (
        <Loader size="sm" aria-label="Loading more" />
      ) : (
        <Button variant="default" onClick={loadMore}>
          Load more {plural}
        </Button>
      )}
    </Center>
  )
}

function Empty(props: {
  readonly deleted: boolean
  readonly searched: string
  readonly onCreate: () => void
}): ReactNode {
  const { type, session } = useConsole()
  if (props.searched !== '')
    return <Notice icon="search" title="Nothing found" text={`No name or identifier matches “${props.searched}”.`} />
  if (props.deleted)
    return (
      <Notice
        icon="trash"
        title="Nothing deleted"
        text={`A deleted ${type.name} stays here for a while, and can be restored.`}
      />
    )
  const text = isWiki(type)
    ? 'A wiki is a notebook of your own that lives at its own address, saves itself and keeps its history. You can also drop a TiddlyWiki file here.'
    : `There are no ${type.plural} yet.`
  return (
    <Notice icon="plus" title={`Make your first ${type.name}`} text={text}>
      {session.role !== 'read' && (
        <Button onClick={props.onCreate} mt="xs">
          Create {/^[aeiou]/.test(type.name) ? 'an' : 'a'} {type.name}
        </Button>
      )}
      {isWiki(type) && (
        <Text size="xs" c="dimmed">
          It takes less than a second.
        </Text>
      )}
    </Notice>
  )
}
