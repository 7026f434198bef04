// Who is not signed in signs in; everybody else gets the console.

import { Center, Loader } from '@mantine/core'
import { useCallback, useEffect, useState, type ReactNode } from 'react'
import { api, isOutage, refusalOf, type Refusal, type Session } from './api.ts'
import { forgetTokens } from './content.ts'
import { Shell } from './shell.tsx'
import { SignIn } from './sign-in.tsx'
import { Failure } from './states.tsx'

type Gate =
  | { readonly kind: 'asking' }
  | { readonly kind: 'out' }
  | { readonly kind: 'in'; readonly session: Session }
  | { readonly kind: 'failed'; readonly refusal: Refusal }

/** Without a session there is nothing to show: the server is asked again until it answers. */
const RETRY_MS = 3_000

export function App(): ReactNode {
  const [gate, setGate] = useState<Gate>({ kind: 'asking' })

  const ask = useCallback(async () => {
    try {
      setGate({ kind: 'in', session: await api.session() })
    } catch (error) {
      const refusal = refusalOf(error)
      setGate(refusal.status === 401 ? { kind: 'out' } : { kind: 'failed', refusal })
    }
  }, [])
  useEffect(() => void ask(), [ask])
  useEffect(() => {
    if (gate.kind !== 'failed' || !isOutage(gate.refusal)) return undefined
    const timer = setTimeout(() => void ask(), RETRY_MS)
    return () => clearTimeout(timer)
  }, [gate, ask])

  const onSignedOut = useCallback(() => {
    forgetTokens()
    setGate({ kind: 'out' })
  }, [])

  switch (gate.kind) {
    case 'asking':
      return (
        <Center mih="100dvh">
          <Loader aria-label="Loading" />
        </Center>
      )
    case 'out':
      return <SignIn onSignedIn={ask} />
    case 'failed':
      return (
        <Center component="main" mih="100dvh" p="md">
          <Failure refusal={gate.refusal} onRetry={() => void ask()} />
        </Center>
      )
    case 'in':
      return <Shell session={gate.session} onSignedOut={onSignedOut} />
  }
}
