import { defineConfig } from 'vitest/config';

/** The tests that work in memory and on small files: each planted fault runs all that reach it, so none may start a process. */
export default defineConfig({
  test: {
    include: ['bench/{statistics,measure,results,judge,cases,run}/**/*.test.ts', 'kernels/*/*.test.ts'],
    exclude: [
      'bench/judge/{ab,gate}/**/*.test.ts',
      'bench/run/{run,lock,git-state,webgpu-faults,measure-cases,case-process}.test.ts',
    ],
    globalSetup: 'bench/fixtures/temporary-folder.ts',
    testTimeout: 60_000,
  },
});
