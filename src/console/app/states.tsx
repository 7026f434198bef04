// What is shown where there is nothing to show: not yet, not any more, or because something failed.

import { Box, Button, Group, Skeleton, Stack, Text, ThemeIcon, Title } from '@mantine/core'
import { useEffect, useState, type ReactNode } from 'react'
import type { Refusal } from './api.ts'
import { Icon, type IconName } from './icons.tsx'

/** A refusal, in the words of the server, and a way on. */
export function Failure({ refusal, onRetry }: { readonly refusal: Refusal; readonly onRetry: () => void }): ReactNode {
  return (
    <Notice icon="alert" title={refusal.title} text={refusal.detail} isAlert>
      {refusal.requestId !== undefined && (
        <Text size="xs" c="dimmed" ff="monospace">
          Request {refusal.requestId}
        </Text>
      )}
      <Button variant="default" onClick={onRetry}>
        Try again
      </Button>
    </Notice>
  )
}

interface NoticeProps {
  readonly icon: IconName
  readonly title: string
  readonly text: string
  readonly isAlert?: boolean
  readonly children?: ReactNode
}

export function Notice({ icon, title, text, isAlert = false, children }: NoticeProps): ReactNode {
  return (
    <Stack align="center" gap="sm" py={56} px="md" ta="center" role={isAlert ? 'alert' : undefined}>
      <ThemeIcon variant="default" size={52} radius="xl">
        <Icon name={icon} size={24} />
      </ThemeIcon>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text c="dimmed" size="sm" maw={420}>
        {text}
      </Text>
      {children}
    </Stack>
  )
}

export function Loading({ rows }: { readonly rows: number }): ReactNode {
  return (
    <Stack gap={0} role="status" aria-label="Loading" aria-busy="true">
      {Array.from({ length: rows }, (_, index) => (
        <Group key={index} gap="lg" py="md" px="xs" className="row-line" wrap="nowrap">
          <Skeleton height={14} width={`${44 - ((index * 7) % 18)}%`} radius="xl" />
          <Skeleton height={14} width="14%" radius="xl" />
          <Skeleton height={14} width="14%" radius="xl" visibleFrom="sm" />
        </Group>
      ))}
    </Stack>
  )
}

/** Over what is shown still: it may be old, and when it will be tried again. */
export function OutageBanner(props: {
  readonly refusal: Refusal
  readonly retryAtMs: number
  readonly onRetry: () => void
}): ReactNode {
  const seconds = useSecondsUntil(props.retryAtMs)
  return (
    <Box className="outage" role="alert">
      <Group justify="space-between" gap="sm">
        <Group gap="sm" wrap="nowrap" className="grow">
          <Icon name="alert" />
          <Text size="sm">
            <strong>The control plane does not answer.</strong> What you see may be out of date. Open wikis go on
            working.
          </Text>
        </Group>
        <Group gap="sm">
          <Text size="sm" aria-live="off">
            {seconds === 0 ? 'Trying again …' : `Trying again in ${seconds} s`}
          </Text>
          <Button size="compact-sm" variant="default" onClick={props.onRetry}>
            Try now
          </Button>
        </Group>
      </Group>
    </Box>
  )
}

function useSecondsUntil(timeMs: number): number {
  const [nowMs, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return Math.max(Math.ceil((timeMs - nowMs) / 1000), 0)
}
