import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest start first, so that neither worker is left with one of them at the end. Vitest knows the
 * times of an earlier run; on a fresh clone it would go by file size, which says little of time.
 */
const LONG = ['techniques', 'ab', 'run', 'serve', 'browser', 'place-model', 'moby', 'night', 'report', 'webgpu-faults'];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return place < 0 ? LONG.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['bench/**/*.test.ts', 'kernels/**/*.test.ts', 'suites/**/*.test.ts'],
    // Kernels and child processes share the machine's cores with each other; nothing here asserts a speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
    globalSetup: 'bench/fixtures/temporary-folder.ts',
    pool: 'forks',
    maxWorkers: '100%',
    maxConcurrency: 2,
    // What must not meet another test's leavings runs in a child process of its own; the rest are pure functions.
    isolate: false,
    // Children find what others of them compiled.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/tare/compiled') },
    sequence: { sequencer: LongFirst },
  },
});
