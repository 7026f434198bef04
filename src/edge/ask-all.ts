// Many calls of one request, a few at a time.

/** Cloudflare allows six connections per request. */
const CALLS_AT_ONCE = 6

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
  const results: PromiseSettledResult<T>[] = []
  const waiting = names.entries()
  const workers = Array.from({ length: CALLS_AT_ONCE }, async () => {
    for (const [index, name] of waiting) {
      results[index] = await ask(name).then(
        (value) => ({ status: 'fulfilled', value }) as const,
        (reason: unknown) => ({ status: 'rejected', reason }) as const,
      )
    }
  })
  await Promise.all(workers)
  const failed = results.filter((result) => result.status === 'rejected')
  if (failed.length > 0 && failed.length === names.length) throw failed[0]?.reason
  return {
    answers: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    unreachable: names.filter((_, index) => results[index]?.status === 'rejected'),
  }
}
