// Many calls of one request, of which some may fail.

import { fewAtOnce } from '../object/few-at-once.ts'

/**
 * What one does not answer, the others still do.
 *
 * @returns answers in the order of `names`
 * @throws the first failure, when none answers
 */
export async function askAll<T>(
  names: readonly string[],
  ask: (name: string) => Promise<T>,
): Promise<{ readonly answers: readonly T[]; readonly unreachable: readonly string[] }> {
  const results = await fewAtOnce(names, (name) =>
    ask(name).then(
      (value) => ({ status: 'fulfilled', value }) as const,
      (reason: unknown) => ({ status: 'rejected', reason }) as const,
    ),
  )
  const failed = results.filter((result) => result.status === 'rejected')
  if (failed.length > 0 && failed.length === names.length) throw failed[0]?.reason
  return {
    answers: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    unreachable: names.filter((_, index) => results[index]?.status === 'rejected'),
  }
}
