// The way in: the link that the server printed, or the operator's key. The key goes to the server once and is kept nowhere.

import { Button, Center, Code, Divider, Group, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { useState, type ReactNode, type SubmitEvent } from 'react'
import { api, refusalOf } from './api.ts'
import { Mark } from './icons.tsx'

export function SignIn({ onSignedIn }: { readonly onSignedIn: () => Promise<void> }): ReactNode {
  const [key, setKey] = useState('')
  const [error, setError] = useState<string>()
  const [isBusy, setBusy] = useState(false)

  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      await api.signIn(key.trim())
      await onSignedIn()
    } catch (thrown) {
      const { status, detail } = refusalOf(thrown)
      setError(status === 401 ? 'This is not the operator key of this server.' : detail)
      setBusy(false)
    }
  }

  return (
    <Center component="main" mih="100dvh" p="md">
      <Paper withBorder radius="lg" p={{ base: 'lg', xs: 'xl' }} maw={440} w="100%">
        <Stack gap="lg">
          <Group gap="xs">
            <Mark />
            <Text fw={650} size="lg">
              Biplane
            </Text>
          </Group>
          <Stack gap="xs">
            <Title order={1} size="h3">
              Sign in
            </Title>
            <Text size="sm" c="dimmed">
              When the server starts it prints a sign-in link. Open that link in this browser; it works once.
            </Text>
          </Stack>
          <Divider label="or with the operator key" />
          <form onSubmit={(event) => void submit(event)}>
            <Stack>
              <PasswordInput
                label="Operator key"
                description={
                  <>
                    The command <Code>biplane operator-key</Code> shows it.
                  </>
                }
                value={key}
                onChange={(event) => setKey(event.currentTarget.value)}
                error={error}
                autoComplete="off"
                required
                withAsterisk={false}
                visibilityToggleButtonProps={{ 'aria-label': 'Show the key' }}
              />
              <Button type="submit" loading={isBusy} fullWidth>
                Sign in
              </Button>
            </Stack>
          </form>
        </Stack>
      </Paper>
    </Center>
  )
}
