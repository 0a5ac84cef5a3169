import { join } from 'node:path';
import { expect, test } from 'vitest';
import { presets } from '../cases/preset.ts';
import { kernelsDirs, selectCases } from '../cases/select.ts';
import { ensureUseLiteCache } from '../inputs/use-lite/use-lite-cache-build.ts';
import { CaseProcess } from './case-process.ts';

const kernels = [join(import.meta.dirname, '..', 'fixtures', 'kernels')];
const chosen = { suite: [], backend: ['ts'], filter: [], kernels, seed: 0, preset: 'smoke' as const };
const options = { timeoutS: 60, env: {}, execArgv: [], debug: false, signal: new AbortController().signal };

/** What cases come to that follow each other in one process, as far as they leave it whole. */
async function measured(...techniques: string[]) {
  ensureUseLiteCache();
  const { cases } = await selectCases({ ...chosen, technique: techniques });
  const own = new CaseProcess(techniques.length, options);
  const results = [];
  for (const technique of techniques) {
    const entry = cases.find((candidate) => candidate.technique === technique)!;
    const { budget } = presets.smoke;
    results.push(
      await own.measure({ case: entry, budget, kernelsDirs: kernelsDirs(kernels), threads: 1, debug: false }),
    );
  }
  await own.end();
  return results;
}

const MEASURED = expect.stringMatching(/ok|noisy/);

test('the peak of memory is only known of the case that came first in its process', async () => {
  const [first, second] = await measured('dense', 'int4');
  expect(first).toMatchObject({ status: MEASURED, peakRssBytes: expect.any(Number) });
  expect(second).toMatchObject({ status: MEASURED, peakRssBytes: undefined });
});

test('what fails behind another case is measured again alone, so that nobody fails for what another left behind', async () => {
  const [spoiler, spoilt] = await measured('spoils-next', 'int4');
  expect(spoiler?.status).toEqual(MEASURED);
  expect(spoilt).toMatchObject({ status: MEASURED, peakRssBytes: expect.any(Number) });
});

test('what ends its process has failed, and the case after it gets a new one', async () => {
  const [first, fatal, next] = await measured('dense', 'aborts', 'int4');
  expect(first?.status).toEqual(MEASURED);
  expect(fatal).toMatchObject({ status: 'error', reason: expect.stringContaining('SIGABRT') });
  expect(next).toMatchObject({ status: MEASURED, peakRssBytes: expect.any(Number) });
});
