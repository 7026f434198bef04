// Names that a client's generator makes functions and types of: they follow from the route table, and stay what they are.

import type { ControlRoute } from './route.ts'

/** `wiki` -> `Wiki`, `mint_token` -> `MintToken`. */
export function pascalCase(text: string): string {
  return text.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function camelCase(text: string): string {
  return text.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/**
 * The route's own `operation`, else its action; with the type's name after the verb: `createWiki`, `listWikis`, `mintWikiToken`. An
 * action that names its type already (`create_account`) is taken as it is.
 */
export function operationIdOf({ type, action, operation = action }: ControlRoute): string {
  const [verb = '', ...rest] = operation.split('_')
  const object = rest.join('_')
  if (type === undefined || object === type.name || object === type.plural) return camelCase(operation)
  const noun = PLURAL_VERBS.has(operation) ? type.plural : type.name
  // `bulk_create` and `purge_deleted` are verbs of two words.
  return PLURAL_VERBS.has(operation)
    ? camelCase(operation) + pascalCase(noun)
    : camelCase(verb) + pascalCase(noun) + pascalCase(object)
}

/** Operations on many. */
const PLURAL_VERBS: ReadonlySet<string> = new Set(['list', 'count', 'bulk_create', 'purge_deleted', 'export', 'import'])
