// Many calls of one request or alarm run, a few at a time.

/** Connections that Cloudflare gives one request; what is beyond them waits there, for calls that may hang. */
export const CALLS_AT_ONCE = 6
/** Cloudflare allows 1,000 calls for one request or alarm run; a tenth is for what comes before and after a fan-out. */
export const MAX_CALLS = 900

/**
 * `Promise.all` over calls, with at most {@link CALLS_AT_ONCE} under way.
 *
 * @returns answers in the order of `items`
 * @throws the first failure, after which no further call begins
 */
export async function fewAtOnce<Item, Answer>(
  items: readonly Item[],
  call: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = []
  const waiting = items.entries()
  let hasFailed = false
  const workers = Array.from({ length: Math.min(CALLS_AT_ONCE, items.length) }, async () => {
    for (const [index, item] of waiting) {
      if (hasFailed) return
      answers[index] = await call(item).catch((error: unknown) => {
        hasFailed = true
        throw error
      })
    }
  })
  await Promise.all(workers)
  return answers
}
