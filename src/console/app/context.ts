// What every part of the console needs of the page that it is on.

import { createContext, use } from 'react'
import { ACCOUNT_TYPE } from '../../wire/account.ts'
import type { Actions } from './actions.tsx'
import type { Session, TypeInfo } from './api.ts'
import type { Moves } from './use-moves.ts'
import type { Resources } from './use-resources.ts'

export interface Console {
  readonly session: Session
  readonly type: TypeInfo
  readonly resources: Resources
  readonly actions: Actions
  /** Where resources of the type can be. */
  readonly cells: readonly string[]
  readonly moves: Moves
}

export const ConsoleContext = createContext<Console | undefined>(undefined)

/** @throws TypeError outside the console's page */
export function useConsole(): Console {
  const console = use(ConsoleContext)
  if (console === undefined) throw new TypeError('a part of the console is used outside of it')
  return console
}

/** Of accounts there are keys, and nothing to open, to share or to move. */
export function isAccounts(type: TypeInfo): boolean {
  return type.name === ACCOUNT_TYPE
}

/** The built-in type whose content the console knows: versions, files, templates. Others get what all have in common. */
export function isWiki(type: TypeInfo): boolean {
  return type.name === 'wiki'
}
