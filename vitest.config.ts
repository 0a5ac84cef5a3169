import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['bench/**/*.test.ts', 'kernels/**/*.test.ts', 'suites/**/*.test.ts'],
    // Kernels and child processes share the machine's cores with each other; nothing here asserts a speed.
    testTimeout: 60_000,
    pool: 'forks',
  },
});
