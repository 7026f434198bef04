// The frame of every page: what runs here, which type is shown, the way out, and word of a control plane that is away.

import {
  ActionIcon,
  Anchor,
  Box,
  Container,
  Group,
  Tabs,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useCallback, useEffect, useMemo, useState, type ReactNode } from 'react'
import { notifyRefusal, useActions } from './actions.tsx'
import { ACCOUNTS, api, refusalOf, type Session } from './api.ts'
import { ConsoleContext } from './context.ts'
import { Details } from './details.tsx'
import { capitalize } from './format.ts'
import { Icon, Mark } from './icons.tsx'
import { ListPage } from './list-page.tsx'
import { go, toHash, useRoute } from './route.ts'
import { OutageBanner } from './states.tsx'
import { useCells } from './use-cells.ts'
import { useMoves } from './use-moves.ts'
import { useResources } from './use-resources.ts'

/** Long enough not to ask for every letter, short enough to feel like an answer to it. */
const SEARCH_DELAY_MS = 250

interface ShellProps {
  readonly session: Session
  readonly onSignedOut: () => void
}

export function Shell({ session: own, onSignedOut }: ShellProps): ReactNode {
  const session = useAccounts(own)
  const [first] = session.types
  const route = useRoute(first?.plural ?? '')
  const type = session.types.find(({ plural }) => plural === route.plural) ?? first
  if (type === undefined) return <Text p="md">This application has no resource types.</Text>
  return <TypePage key={type.plural} session={session} type={type} onSignedOut={onSignedOut} />
}

/** The session with accounts among its types, where they are and may be seen. */
function useAccounts(session: Session): Session {
  const [hasAccounts, setHasAccounts] = useState(false)
  useEffect(() => {
    if (session.role === 'operator') void api.hasAccounts().then(setHasAccounts)
  }, [session])
  return useMemo(
    () => (hasAccounts ? { ...session, types: [...session.types, ACCOUNTS] } : session),
    [session, hasAccounts],
  )
}

function TypePage({ session, type, onSignedOut }: ShellProps & { readonly type: Session['types'][number] }): ReactNode {
  const route = useRoute(type.plural)
  const [search, setSearch] = useState('')
  // The list behind the details of a deleted resource stays the one from which they were opened.
  const [deleted, setDeleted] = useState(route.deleted)
  if (route.id === undefined && route.deleted !== deleted) setDeleted(route.deleted)
  const [wanted] = useDebouncedValue(search.trim(), SEARCH_DELAY_MS)
  const resources = useResources(type, deleted, wanted, onSignedOut)
  const actions = useActions(type, resources)
  const cells = useCells(session, type)
  const moves = useMoves(session, type, resources)
  const close = useCallback(() => go({ plural: type.plural, deleted }), [type, deleted])

  return (
    <ConsoleContext value={{ session, type, resources, actions, cells, moves }}>
      <Header session={session} plural={type.plural} onSignedOut={onSignedOut} />
      {resources.refusal !== undefined && resources.retryAtMs !== undefined && (
        <OutageBanner refusal={resources.refusal} retryAtMs={resources.retryAtMs} onRetry={resources.refresh} />
      )}
      <Container component="main" size="lg" py="xl" px={{ base: 'md', sm: 'xl' }}>
        <ListPage deleted={deleted} search={search} searched={wanted} onSearch={setSearch} />
      </Container>
      <Details id={route.id} panel={route.panel} onClose={close} />
    </ConsoleContext>
  )
}

function Header(props: {
  readonly session: Session
  readonly plural: string
  readonly onSignedOut: () => void
}): ReactNode {
  const { session, plural } = props
  const hasTabs = session.types.length > 1
  const signOut = (): void => {
    api
      .signOut()
      .then(props.onSignedOut, (error: unknown) => notifyRefusal('You are still signed in', refusalOf(error)))
  }
  return (
    <Box component="header" className="header">
      <Container size="lg" h="100%" px={{ base: 'md', sm: 'xl' }}>
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Anchor href={toHash({ plural })} c="inherit" underline="never" className="brand" aria-label="Biplane">
            <Mark />
            {/* On a phone there is room for it or for the tabs. */}
            <Text fw={650} {...(hasTabs ? { visibleFrom: 'xs' } : {})}>
              Biplane
            </Text>
          </Anchor>
          {hasTabs && (
            <Tabs value={plural} onChange={(value) => value !== null && go({ plural: value })} className="grow">
              <Tabs.List aria-label="Resource types" className="one-line">
                {session.types.map((each) => (
                  <Tabs.Tab key={each.plural} value={each.plural}>
                    {capitalize(each.plural)}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
            </Tabs>
          )}
          <Group gap="xs" wrap="nowrap">
            <SchemeToggle />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label="Sign out"
              title="Sign out"
              onClick={signOut}
            >
              <Icon name="signOut" />
            </ActionIcon>
          </Group>
        </Group>
      </Container>
    </Box>
  )
}

/** Follows the system until it is pressed. */
function SchemeToggle(): ReactNode {
  const { setColorScheme } = useMantineColorScheme()
  const other = useComputedColorScheme('light') === 'light' ? 'dark' : 'light'
  const label = `Switch to ${other} colours`
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(other)}
    >
      <Icon name={other === 'dark' ? 'moon' : 'sun'} />
    </ActionIcon>
  )
}
