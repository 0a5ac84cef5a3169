import { defineConfig } from 'vitest/config';

/** The tests that work in memory: each planted fault runs all that reach it, so none may start a process. */
export default defineConfig({
  test: {
    include: ['bench/{statistics,measure,results,judge,cases}/**/*.test.ts', 'kernels/*/*.test.ts'],
    exclude: ['bench/judge/{ab,gate}/**/*.test.ts'],
    testTimeout: 20_000,
  },
});
