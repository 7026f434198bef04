// One resource, opened beside the list.

import { Drawer, Group, Stack, Tabs, Text } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { titleOf } from './actions.tsx'
import { api, refusalOf, type Refusal, type TypeInfo } from './api.ts'
import { isAccounts, isWiki, useConsole } from './context.ts'
import { DeletedActions } from './deleted-actions.tsx'
import { Keys } from './keys.tsx'
import { MoveProgress } from './move-dialog.tsx'
import { Overview } from './overview.tsx'
import { State } from './parts.tsx'
import { RowActions } from './resource-table.tsx'
import { go, type Panel } from './route.ts'
import { Sharing } from './sharing.tsx'
import { Failure, Loading } from './states.tsx'
import { isDeleted } from './use-resources.ts'
import { Versions } from './versions.tsx'

interface DetailsProps {
  readonly id: string | undefined
  readonly panel: Panel
  readonly onClose: () => void
}

export function Details({ id, panel, onClose }: DetailsProps): ReactNode {
  const { resources } = useConsole()
  // While the drawer closes it still shows what it showed.
  const [shown, setShown] = useState(id)
  if (id !== undefined && id !== shown) setShown(id)
  const record = shown === undefined ? undefined : resources.get(shown)
  return (
    <Drawer
      opened={id !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={
        <Text component="span" fw={650} size="lg" style={{ overflowWrap: 'anywhere' }}>
          {record === undefined ? 'Details' : titleOf(record)}
        </Text>
      }
      closeButtonProps={{ 'aria-label': 'Close the details' }}
    >
      {shown !== undefined && <Content key={shown} id={shown} panel={panel} />}
    </Drawer>
  )
}

function Content({ id, panel }: { readonly id: string; readonly panel: Panel }): ReactNode {
  const { type, resources } = useConsole()
  const [refusal, setRefusal] = useState<Refusal>()
  const [attempt, setAttempt] = useState(0)
  const { put } = resources
  // The list's record may be as old as the list; and a link may lead to one that is not in it.
  useEffect(() => {
    let isCurrent = true
    api.get(type, id).then(
      (record) => isCurrent && put(record),
      (error: unknown) => isCurrent && setRefusal(refusalOf(error)),
    )
    return () => {
      isCurrent = false
    }
    // `put` is another function at every drawing of the page, and does the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [type, id, attempt])

  const record = resources.get(id)
  if (record !== undefined) return <Panels record={record} panel={panel} />
  if (refusal === undefined) return <Loading rows={4} />
  const retry = (): void => {
    setRefusal(undefined)
    setAttempt(attempt + 1)
  }
  return <Failure refusal={refusal} onRetry={retry} />
}

const TITLES: Readonly<Record<Panel, string>> = {
  overview: 'Overview',
  keys: 'API keys',
  sharing: 'Sharing',
  versions: 'Versions',
}

function panelsOf(type: TypeInfo, { isGone }: { readonly isGone: boolean }): readonly Panel[] {
  if (isGone) return ['overview']
  if (isAccounts(type)) return ['overview', 'keys']
  return isWiki(type) ? ['overview', 'sharing', 'versions'] : ['overview', 'sharing']
}

function Panels({ record, panel }: { readonly record: ResourceJson; readonly panel: Panel }): ReactNode {
  const { type, moves } = useConsole()
  const isGone = isDeleted(record)
  const move = moves.get(record.id)
  const panels = panelsOf(type, { isGone })
  const shown = panels.includes(panel) ? panel : 'overview'
  return (
    <Stack gap="lg">
      <Group justify="space-between">
        <State record={record} />
        {isGone ? <DeletedActions record={record} /> : <RowActions record={record} />}
      </Group>
      {!isGone && move?.state === 'running' && <MoveProgress move={move} />}
      <Tabs
        value={shown}
        onChange={(value) => go({ plural: type.plural, id: record.id, panel: value as Panel })}
        keepMounted={false}
      >
        <Tabs.List mb="lg">
          {panels.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {TITLES[each]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="overview">
          <Overview record={record} />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <Keys record={record} />
        </Tabs.Panel>
        <Tabs.Panel value="sharing">
          <Sharing record={record} />
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <Versions record={record} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  )
}
