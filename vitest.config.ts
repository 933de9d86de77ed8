import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/tests/**/*.test.ts', 'tests/**/*.test.ts'],
    globalSetup: [
      'packages/testkit/src/postgres-global-setup.ts',
      'packages/testkit/src/answer-check/global-setup.ts',
    ],
    // Two cores: whole-server and whole-agent tests start real processes, so more workers only queue.
    maxWorkers: 2,
    // Tests start whole programs, and machines are busy: this ends what hangs and measures nothing.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
