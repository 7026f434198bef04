// Who may fill an object with content from elsewhere: an attempt of a move, or of an import, over nothing or over what came of the same before.

import { compareVersions, type Descriptor, type Held } from '../wire/descriptor.ts'
import { ResourceError } from '../wire/errors.ts'
import { isOwn } from './lifecycle.ts'

/**
 * Why an object is not filled with a resource; undefined when it may be. What is open is never filled, nor what is complete by the attempt
 * that has completed it: a call that comes late, or twice, damages nothing.
 *
 * @param isMove from where it is to here. An import, too, comes with the descriptor of its attempt; what it may replace is what came of the
 * same import before
 */
export function refusalToFill(held: Held, descriptor: Descriptor, isMove: boolean): ResourceError | undefined {
  switch (held.kind) {
    case 'nothing':
      return undefined
    case 'tombstone':
      if (descriptor.incarnation > held.tombstone.incarnation) return undefined
      return isMove ? isNewer() : isTaken('It was purged in this deployment.')
    case 'moved':
      if (!isMove) return isTaken('This deployment has a resource with this identifier, or had it, in another cell.')
      return compareVersions(descriptor, held.moved) > 0 ? undefined : isNewer()
    case 'arriving': {
      const { descriptor: known, from, isComplete } = held.arriving
      const isSameKind = (from !== undefined) === isMove
      if (!isMove && !(isSameKind && isOwn(held, descriptor.incarnation, descriptor.account)))
        return isTaken(whoHas(known, descriptor))
      const order = compareVersions(descriptor, known)
      return isSameKind && (isComplete ? order > 0 : order >= 0) ? undefined : isNewer()
    }
    case 'descriptor':
      // The release before has left it so between its content and its end. Each attempt is above the one before, and what was closed is above
      // every attempt.
      if (!isMove && isUnopened(held, descriptor)) return undefined
      return isMove ? isNewer() : isTaken(whoHas(held.descriptor, descriptor))
  }
}

function isUnopened(held: Extract<Held, { kind: 'descriptor' }>, descriptor: Descriptor): boolean {
  const { mode } = held.descriptor
  const isSame = isOwn(held, descriptor.incarnation, descriptor.account)
  return isSame && mode === 'suspended' && compareVersions(descriptor, held.descriptor) > 0
}

function whoHas(known: Descriptor, { account }: Descriptor): string {
  return known.account === account
    ? 'This deployment has a resource with this identifier.'
    : 'Another account of this deployment has it.'
}

function isTaken(message: string): ResourceError {
  return new ResourceError('already_exists', message)
}

function isNewer(): ResourceError {
  return new ResourceError('not_ready', 'What is here is newer, or was purged.')
}

/** Of an attempt that is not the one whose content is here, or comes here. */
export function superseded(): ResourceError {
  return new ResourceError('unavailable', 'Something newer has ended bringing the content here.', {
    applied: 'unknown',
  })
}
