// The history of a wiki: look at an earlier version, take it home, go back to it.

import { Alert, Anchor, Badge, Box, Button, Group, Stack, Text } from '@mantine/core'
import { useCallback, useEffect, useState, type ReactNode } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { notifyDone, notifyRefusal, titleOf } from './actions.tsx'
import { refusalOf, type Refusal } from './api.ts'
import { download, listVersions, readInfo, restoreVersion, type Version, type WikiInfo } from './content.ts'
import { useConsole } from './context.ts'
import { formatBytes, toFileName } from './format.ts'
import { Icon } from './icons.tsx'
import { openPath, When } from './parts.tsx'
import { Failure, Loading } from './states.tsx'
import { Storage } from './storage.tsx'

export function Versions({ record }: { readonly record: ResourceJson }): ReactNode {
  const { type } = useConsole()
  const [loaded, setLoaded] = useState<Loaded>()
  const [refusal, setRefusal] = useState<Refusal>()
  const { id } = record

  const load = useCallback(() => {
    setRefusal(undefined)
    return Promise.all([listVersions(type, id), readInfo(type, id)]).then(
      ([versions, info]) => setLoaded({ versions, info }),
      (error: unknown) => setRefusal(refusalOf(error)),
    )
  }, [type, id])
  useEffect(() => void load(), [load])

  const restore = async (version: number): Promise<void> => {
    try {
      await restoreVersion(type, id, version)
      notifyDone(`Version ${version} is the current one again. What was there before is kept as a version.`)
      await load()
    } catch (error) {
      notifyRefusal('It was not restored', refusalOf(error))
    }
  }

  if (record.state === 'suspended')
    return (
      <Alert variant="default" title="Suspended">
        A suspended wiki answers nobody. Make it active to see its versions.
      </Alert>
    )
  return (
    <Stack gap="lg">
      <Export record={record} />
      {refusal !== undefined && <Failure refusal={refusal} onRetry={() => void load()} />}
      {loaded === undefined && refusal === undefined && <Loading rows={3} />}
      {loaded !== undefined && (
        <>
          <Storage record={record} info={loaded.info} onConverted={load} />
          <VersionList record={record} {...loaded} onRestore={restore} />
        </>
      )}
    </Stack>
  )
}

interface Loaded {
  readonly versions: readonly Version[]
  readonly info: WikiInfo
}

/** The wiki as files for a disk. */
function Export({ record }: { readonly record: ResourceJson }): ReactNode {
  const save = useDownload(record)
  return (
    <Group gap="xs">
      <Button
        variant="default"
        size="xs"
        leftSection={<Icon name="download" size={14} />}
        onClick={() => save('export', '.html')}
      >
        Export as a file
      </Button>
      <Button
        variant="default"
        size="xs"
        leftSection={<Icon name="download" size={14} />}
        onClick={() => save('tiddlers.json', '.json')}
      >
        Export tiddlers as JSON
      </Button>
    </Group>
  )
}

function useDownload(record: ResourceJson): (path: string, ending: string) => void {
  const { type } = useConsole()
  return (path, ending) => {
    download(type, record.id, path, toFileName(titleOf(record)) + ending).catch((error: unknown) =>
      notifyRefusal('Nothing was downloaded', refusalOf(error)),
    )
  }
}

function VersionList(props: {
  readonly record: ResourceJson
  readonly versions: readonly Version[]
  readonly info: WikiInfo
  readonly onRestore: (version: number) => Promise<void>
}): ReactNode {
  const { record, versions, info, onRestore } = props
  const { type, session } = useConsole()
  const save = useDownload(record)
  const [restoring, setRestoring] = useState<number>()
  const isFile = info.storage === 'file'
  const mayRestore = session.role !== 'read' && record.state === 'active' && isFile
  if (versions.length === 0) {
    return isFile ? (
      <Text size="sm" c="dimmed">
        Nothing was saved yet. Every save will be listed here.
      </Text>
    ) : null
  }
  return (
    <Box role="list" aria-label="Versions, newest first">
      {versions.map(({ version, save_time: time, size_bytes: size, current }) => (
        <Group key={version} role="listitem" className="row-line" justify="space-between" gap="xs" py="sm">
          <Stack gap={2}>
            <Group gap="xs">
              <Text size="sm" fw={500}>
                Version {version}
              </Text>
              {current && isFile && (
                <Badge variant="default" size="sm" tt="none" fw={500}>
                  Current
                </Badge>
              )}
            </Group>
            <Text size="xs" c="dimmed">
              <When time={time} /> · {formatBytes(size)}
            </Text>
          </Stack>
          <Group gap="sm">
            {(!current || !isFile) && (
              <Button
                size="compact-sm"
                variant="default"
                disabled={!mayRestore}
                loading={restoring === version}
                aria-label={`Restore version ${version}`}
                onClick={() => {
                  setRestoring(version)
                  void onRestore(version).finally(() => setRestoring(undefined))
                }}
              >
                Restore
              </Button>
            )}
            <Anchor
              size="sm"
              href={openPath(type, record.id, `versions/${version}`)}
              target="_blank"
              rel="noreferrer"
              aria-label={`Preview version ${version} in a new tab`}
            >
              Preview
            </Anchor>
            <Anchor
              size="sm"
              component="button"
              type="button"
              onClick={() => save(`versions/${version}`, ` (version ${version}).html`)}
              aria-label={`Download version ${version}`}
            >
              Download
            </Anchor>
          </Group>
        </Group>
      ))}
    </Box>
  )
}
