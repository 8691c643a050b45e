import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], extra: object = {}) => ({
  test: {
    name,
    include,
    environment: 'node' as const,
    setupFiles: ['test/harness/fixed-seed.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
    ...extra,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('unit', ['test/unit/**/*.test.ts']),
      project('conformance', ['test/conformance/**/*.test.ts']),
      project('property', ['test/property/**/*.test.ts'], { testTimeout: 120_000 }),
      project('e2e', ['test/e2e/**/*.test.ts'], { testTimeout: 120_000 }),
      project('runtimes', ['test/runtimes/**/*.test.ts'], {
        testTimeout: 180_000,
        hookTimeout: 180_000,
        globalSetup: ['test/runtimes/install.ts'],
      }),
      project('tidy', ['test/tidy/**/*.test.ts']),
    ],
  },
})
