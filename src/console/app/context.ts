// What every part of the console needs of the page that it is on.

import { createContext, use } from 'react'
import type { Actions } from './actions.tsx'
import type { Session, TypeInfo } from './api.ts'
import type { Resources } from './use-resources.ts'

export interface Console {
  readonly session: Session
  readonly type: TypeInfo
  readonly resources: Resources
  readonly actions: Actions
}

export const ConsoleContext = createContext<Console | undefined>(undefined)

/** @throws TypeError outside the console's page */
export function useConsole(): Console {
  const console = use(ConsoleContext)
  if (console === undefined) throw new TypeError('a part of the console is used outside of it')
  return console
}

/** The built-in type whose content the console knows: versions, files, templates. Others get what all have in common. */
export function isWiki(type: TypeInfo): boolean {
  return type.name === 'wiki'
}
