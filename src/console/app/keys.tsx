// The API keys of an account: what its people and programs present to the control plane.

import { Button, Divider, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useCallback, useEffect, useState, type ReactNode, type SubmitEvent } from 'react'
import type { KeyJson, KeyRole } from '../../wire/account.ts'
import type { ResourceJson } from '../../wire/resource.ts'
import { notifyDone, notifyRefusal } from './actions.tsx'
import { api, refusalOf, type NewKey, type Refusal } from './api.ts'
import { ConfirmDialog, MAX_NAME_LENGTH } from './dialogs.tsx'
import { CopyButton, When } from './parts.tsx'
import { Failure, Loading } from './states.tsx'

export function Keys({ record: { id } }: { readonly record: ResourceJson }): ReactNode {
  const [keys, setKeys] = useState<readonly KeyJson[]>()
  const [refusal, setRefusal] = useState<Refusal>()
  const load = useCallback(() => {
    setRefusal(undefined)
    return api.keys(id).then(setKeys, (error: unknown) => setRefusal(refusalOf(error)))
  }, [id])
  useEffect(() => void load(), [load])
  return (
    <Stack gap="lg">
      <KeyMaker account={id} onMade={load} />
      <Divider />
      {refusal !== undefined && <Failure refusal={refusal} onRetry={() => void load()} />}
      {keys === undefined && refusal === undefined && <Loading rows={2} />}
      {keys?.length === 0 && (
        <Text size="sm" c="dimmed">
          No keys yet: nobody acts for this account.
        </Text>
      )}
      {keys !== undefined && keys.length > 0 && (
        <div role="list" aria-label="API keys">
          {keys.map((key) => (
            <Key key={key.id} account={id} shown={key} onRevoked={load} />
          ))}
        </div>
      )}
    </Stack>
  )
}

const ROLES: Readonly<Record<KeyRole, string>> = {
  read: 'look',
  member: 'look, create, change and delete',
  admin: 'do everything in the account, and manage its keys',
}

const DAY = 24 * 3_600
const FOR_EVER = ''
const LIFETIMES = [
  { value: FOR_EVER, label: 'until it is revoked' },
  { value: String(30 * DAY), label: '30 days' },
  { value: String(90 * DAY), label: '90 days' },
  { value: String(365 * DAY), label: 'a year' },
]

function KeyMaker({ account, onMade }: { readonly account: string; readonly onMade: () => Promise<void> }): ReactNode {
  const [name, setName] = useState('')
  const [role, setRole] = useState<KeyRole>('member')
  const [seconds, setSeconds] = useState(FOR_EVER)
  const [made, setMade] = useState<NewKey>()
  const [isBusy, setBusy] = useState(false)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    setBusy(true)
    const wanted = {
      ...(name.trim() === '' ? {} : { name: name.trim() }),
      role,
      ...(seconds === FOR_EVER ? {} : { expires_in: Number(seconds) }),
    }
    api
      .createKey(account, wanted)
      .then(
        (key) => {
          setMade(key)
          setName('')
          return onMade()
        },
        (error: unknown) => notifyRefusal('No key was made', refusalOf(error)),
      )
      .finally(() => setBusy(false))
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label="Name of the key"
          description="Who or what uses it."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={MAX_NAME_LENGTH}
          autoComplete="off"
        />
        <Group gap="sm" align="flex-end">
          <NativeSelect
            className="grow"
            label="Whoever has it can"
            value={role}
            onChange={(event) => setRole(event.currentTarget.value as KeyRole)}
            data={Object.entries(ROLES).map(([value, label]) => ({ value, label }))}
          />
          <NativeSelect
            className="grow"
            label="It works"
            value={seconds}
            onChange={(event) => setSeconds(event.currentTarget.value)}
            data={LIFETIMES}
          />
          <Button type="submit" variant="default" loading={isBusy}>
            Create key
          </Button>
        </Group>
        {made !== undefined && (
          <Stack gap={4}>
            <Group gap="xs" wrap="nowrap">
              <TextInput
                className="grow"
                aria-label="The new key"
                value={made.key}
                readOnly
                onFocus={(event) => event.currentTarget.select()}
              />
              <CopyButton value={made.key} label="Copy the key" />
            </Group>
            <Text size="xs" c="dimmed" role="status">
              It is shown only now: copy it.
            </Text>
          </Stack>
        )}
      </Stack>
    </form>
  )
}

function Key(props: {
  readonly account: string
  readonly shown: KeyJson
  readonly onRevoked: () => Promise<void>
}): ReactNode {
  const { id, name, role, create_time: created, last_used_time: used, expire_time: end } = props.shown
  const [isAsking, setAsking] = useState(false)
  const title = name ?? id
  const revoke = async (): Promise<void> => {
    try {
      await api.revokeKey(props.account, id)
      notifyDone(`“${title}” is refused from now on.`)
      await props.onRevoked()
    } catch (error) {
      notifyRefusal(`“${title}” was not revoked`, refusalOf(error))
    }
  }
  return (
    <Group role="listitem" className="row-line" justify="space-between" gap="xs" py="sm">
      <Stack gap={2} className="grow">
        <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
          {title}
        </Text>
        <Text size="xs" c="dimmed">
          {role} · {id} · created <When time={created} /> ·{' '}
          {used === undefined ? (
            'never used'
          ) : (
            <>
              used <When time={used} />
            </>
          )}
          {end !== undefined && (
            <>
              {' '}
              · ends <When time={end} />
            </>
          )}
        </Text>
      </Stack>
      <Button
        size="compact-sm"
        variant="default"
        c="var(--mantine-color-error)"
        aria-label={`Revoke ${title}`}
        onClick={() => setAsking(true)}
      >
        Revoke
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Revoke “${title}”?`}
        text="Whoever uses it is refused at once. Nothing brings it back; you can make another one."
        action="Revoke"
        onConfirm={revoke}
      />
    </Group>
  )
}
