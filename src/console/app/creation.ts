// Making a wiki of something: first the wiki, then what goes into it, which may fail by itself and be tried again.

import { useRef, useState } from 'react'
import type { ResourceJson } from '../../wire/resource.ts'
import { api, newKey, refusalOf, type Creation, type Refusal } from './api.ts'
import { exportFile, importFile, type ImportResult } from './content.ts'
import { useConsole } from './context.ts'

/** What goes into a new wiki; undefined = nothing, it is blank. */
export type Source =
  | { readonly kind: 'file'; readonly file: File }
  | { readonly kind: 'template'; readonly id: string }
  | undefined

export type Progress =
  | { readonly step: 'form'; readonly refusal?: Refusal }
  | { readonly step: 'working'; readonly text: string }
  /** The wiki is there, its content is not. */
  | { readonly step: 'half'; readonly record: ResourceJson; readonly refusal: Refusal }
  | { readonly step: 'done'; readonly record: ResourceJson; readonly result?: ImportResult }

export interface CreationFlow {
  readonly progress: Progress
  readonly start: (creation: Creation, source: Source) => Promise<void>
  /** Fills the wiki that is there, once more. */
  readonly again: () => Promise<void>
  /** Takes away the wiki that stayed empty. */
  readonly discard: () => Promise<void>
}

export function useCreation(): CreationFlow {
  const { type, resources } = useConsole()
  const [progress, setProgress] = useState<Progress>({ step: 'form' })
  const source = useRef<Source>(undefined)
  // The same for a second attempt at the same thing: were the first one's answer lost, there would be two.
  const key = useRef({ of: '', key: '' })

  const fill = async (record: ResourceJson): Promise<void> => {
    const from = source.current
    if (from === undefined) {
      setProgress({ step: 'done', record })
      return
    }
    try {
      let content: Blob
      if (from.kind === 'file') content = from.file
      else {
        setProgress({ step: 'working', text: 'Copying the template …' })
        content = await exportFile(type, from.id)
      }
      setProgress({ step: 'working', text: 'Bringing the content in …' })
      const result = await importFile(type, record.id, content)
      setProgress({ step: 'done', record, result })
    } catch (error) {
      setProgress({ step: 'half', record, refusal: refusalOf(error) })
    }
  }

  return {
    progress,
    async start(creation, from) {
      source.current = from
      const of = JSON.stringify(creation)
      if (key.current.of !== of) key.current = { of, key: newKey() }
      setProgress({ step: 'working', text: `Creating the ${type.name} …` })
      try {
        const record = await api.create(type, creation, key.current.key)
        key.current = { of: '', key: '' }
        resources.add(record)
        await fill(record)
      } catch (error) {
        setProgress({ step: 'form', refusal: refusalOf(error) })
      }
    },
    again: () => (progress.step === 'half' ? fill(progress.record) : Promise.resolve()),
    async discard() {
      if (progress.step !== 'half') return
      const { record } = progress
      resources.put({ ...record, state: 'deleting' })
      setProgress({ step: 'form' })
      // It never held anything that could be missed.
      resources.put(await api.purge(type, record.id).catch(() => record))
    },
  }
}
