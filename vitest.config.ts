import { defineConfig } from 'vitest/config'
import { LEFT_OUT } from './test/support/long-tests.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // What takes minutes; see there.
    exclude: [...LEFT_OUT],
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/setup.ts'],
    // Each file starts engine processes of its own: more than two files at once would measure the scheduler.
    pool: 'forks',
    maxWorkers: 2,
    // A test that starts, kills and restarts engines on a busy machine; never a reason to retry.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    retry: 0,
  },
})
