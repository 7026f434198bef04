// The address of what is reached by its name. Apart from how it is resolved, for clients that only write it down.

/** First segment below a plural of what is reached by name. It is no identifier: those have two hyphens at least around a label. */
export const BY_NAME = 'by-name'

/** @returns the path of a resource on the main origin, with a slash at its end */
export function namedPath(plural: string, account: string, name: string): string {
  return `/${plural}/${BY_NAME}/${encodeURIComponent(account)}/${encodeURIComponent(name)}/`
}
