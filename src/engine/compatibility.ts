// The one place that pins the behaviour of the engine: the generated workerd and wrangler configurations both read it.

/**
 * Not before 2026-04-21, or errors lose `code` and `status` on their way between the planes; the facts about the engine that this
 * code relies on were measured at this date. Raise it together with the `workerd` package, after verifying them again.
 */
export const COMPATIBILITY_DATE = '2026-10-01'

/** `nodejs_compat` is the default since 2026-08-04; naming it makes workerd warn, leaving it out breaks nothing on either engine. */
export const COMPATIBILITY_FLAGS: readonly string[] = []

/** Cloudflare's own tool, of the same release as the engine; a test holds `.ci/run` to it. */
export const WRANGLER = 'wrangler@4.164.0'
/** What it runs on, and the Node that is fetched beside it where an older one runs this. */
export const WRANGLER_NODE: readonly [major: number, minor: number] = [22, 12]
export const NODE_FOR_WRANGLER = 'node@24'
