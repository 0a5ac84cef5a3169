import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { modelCard } from './model-card.ts';
import { recipeOf } from './recipes.ts';
import { type FinishedRun, keepRun, readRuns } from './runs.ts';

const run: FinishedRun = {
  model: 'moby-relu',
  seed: 1,
  steps: 4000,
  tokens: 8_192_000,
  loss: 3.25,
  f16Loss: 3.2501,
  heldOutTokens: 1000,
  heldOutBytes: 2500,
  trainTokens: 5_000_000,
  trainBytes: 13_000_000,
};

test('a run that was repeated takes the place of what it was before', () => {
  const models = mkdtempSync(join(tmpdir(), 'tare-runs-'));
  onTestFinished(() => rmSync(models, { recursive: true }));
  const second = { ...run, seed: 2 };
  for (const each of [second, run, { ...second, loss: 3 }]) keepRun(models, each);
  expect(readRuns(models)).toEqual([run, { ...second, loss: 3 }]);
});

test('a card holds every seed beside those of its controls', () => {
  const runs = [run, { ...run, seed: 2, loss: 3.35 }, { ...run, model: 'moby-wide', loss: 3.2 }];
  const log = [{ step: 4000, tokens: 8_192_000, rate: 1e-6, loss: 3.1, heldOut: 3.25 }];
  const card = modelCard(recipeOf('moby-relu'), runs, log);
  expect(card).toContain('| moby-relu | 1.9 | 4000 | 3.2500 (1), 3.3500 (2) | 3.3000 |');
  expect(card).toContain('| moby-wide | 1.9 | 4000 | 3.2000 (1) | 3.2000 |');
  expect(card).toContain('| weights in fp16, as they are here | 3.2501 | 25.793 | 1.8756 |');
});
