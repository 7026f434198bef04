// What a new resource is to be.

import { Alert, Button, Group, SegmentedControl, Select, Stack, TextInput } from '@mantine/core'
import { useState, type ReactNode, type SubmitEvent } from 'react'
import type { Creation, Refusal } from './api.ts'
import type { Storage } from './content.ts'
import { isWiki, useConsole } from './context.ts'
import { FileChoice, StorageChoice, TemplateChoice } from './create-choices.tsx'
import type { Source } from './creation.ts'
import { MAX_NAME_LENGTH } from './dialogs.tsx'
import { DropZone } from './drop-zone.tsx'

type Kind = 'blank' | 'file' | 'template'

interface CreateFormProps {
  readonly file: File | undefined
  readonly refusal: Refusal | undefined
  readonly onCreate: (creation: Creation, source: Source) => Promise<void>
  readonly onCancel: () => void
}

export function CreateForm(props: CreateFormProps): ReactNode {
  const { type, cells } = useConsole()
  const [kind, setKind] = useState<Kind>(props.file === undefined ? 'blank' : 'file')
  const [file, setFile] = useState(props.file)
  const [template, setTemplate] = useState<string | null>(null)
  const [name, setName] = useState(toName(props.file))
  const [storage, setStorage] = useState<Storage>('file')
  const [cell, setCell] = useState<string | null>(null)
  const choose = (chosen: File | null): void => {
    if (chosen === null) return
    setKind('file')
    setFile(chosen)
    if (name === '') setName(toName(chosen))
  }
  const source = toSource(kind, file, template)
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    const creation: Creation = {
      ...(name.trim() === '' ? {} : { name: name.trim() }),
      ...(cell === null ? {} : { cell }),
      ...(storage === 'file' ? {} : { params: { storage } }),
    }
    void props.onCreate(creation, source)
  }

  return (
    <DropZone isOff={!isWiki(type)} onDrop={choose}>
      <form onSubmit={submit}>
        <Stack>
          {props.refusal !== undefined && (
            <Alert variant="outline" color="red.9" title="It was not created" role="alert">
              {props.refusal.detail}
            </Alert>
          )}
          <TextInput
            label="Name"
            placeholder={`My ${type.name}`}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={MAX_NAME_LENGTH}
            data-autofocus
          />
          {isWiki(type) && (
            <>
              <SegmentedControl
                aria-label="Begin with"
                fullWidth
                value={kind}
                onChange={setKind}
                data={[
                  { value: 'blank', label: 'Blank' },
                  { value: 'file', label: 'From a file' },
                  { value: 'template', label: 'From a template' },
                ]}
              />
              {kind === 'file' && <FileChoice file={file} onChoose={choose} onClear={() => setFile(undefined)} />}
              {kind === 'template' && <TemplateChoice type={type} value={template} onChoose={setTemplate} />}
              <StorageChoice value={storage} onChoose={setStorage} />
            </>
          )}
          {cells.length > 1 && (
            <Select
              label="Cell"
              description="Where it lives. Without a choice: near you."
              data={cells}
              value={cell}
              onChange={setCell}
              clearable
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onCancel}>
              Cancel
            </Button>
            <Button type="submit" disabled={kind !== 'blank' && source === undefined}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </DropZone>
  )
}

function toSource(kind: Kind, file: File | undefined, template: string | null): Source {
  if (kind === 'file' && file !== undefined) return { kind, file }
  if (kind === 'template' && template !== null) return { kind, id: template }
  return undefined
}

/** `My notes.html` -> `My notes`. */
function toName(file: File | undefined): string {
  return (file?.name ?? '').replace(/\.[a-z0-9]{1,5}$/i, '').slice(0, MAX_NAME_LENGTH)
}
