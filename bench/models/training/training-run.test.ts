import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../contract/input-error.ts';
import { seededRandom } from '../../statistics/random.ts';
import { initialWeights } from './parameters.ts';
import { type Recipe, recipeOf } from './recipes.ts';
import { openTrainer, rateAt, type Trainer } from './trainer.ts';
import { readLog, resumeTraining, runTraining } from './training-run.ts';

const moby = recipeOf('moby');
const tiny: Recipe = {
  ...moby,
  name: 'tiny',
  config: {
    ...moby.config,
    vocabularySize: 64,
    hiddenSize: 32,
    feedForwardSize: 48,
    layers: 2,
    heads: 2,
    keyValueHeads: 1,
    headDim: 16,
    contextLength: 32,
  },
  batch: { shards: 2, sequences: 2 },
  optimizer: { ...moby.optimizer, warmUpSteps: 5 },
};

const random = seededRandom(11);
/** Each token says much about the next. */
const ids = Int32Array.from({ length: 4000 }, (_, i) => (i * 5 + (random.uint32() % 4)) % 64);
const text = {
  corpus: { train: [], heldOut: [], calibration: [], dictionaryLicense: '' },
  merges: [],
  train: ids,
  trainBytes: 0,
  heldOut: ids.subarray(0, 500),
  sha256: 'of-the-test',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-training-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function openTiny(threads: number, recipe = tiny): Promise<Trainer> {
  const trainer = await openTrainer(recipe, threads, 128);
  trainer.state[0].set(initialWeights(recipe.config, seededRandom(recipe.seed), recipe.adapters));
  if (recipe.teacher !== undefined) trainer.teacher?.set(initialWeights(recipe.teacher.config, seededRandom(7)));
  return trainer;
}

function settings(checkpoints: string, steps: number, decay: number) {
  return {
    steps,
    decay,
    checkpoints: join(folder, checkpoints),
    minutesBetweenCheckpoints: 1,
    print() {},
    isStopped: () => false,
  };
}

const hashOf = ([weights]: Trainer['state']) => createHash('sha256').update(weights).digest('hex');

const teacher = { name: 'teacher', config: { ...tiny.config, layers: 1 }, temperature: 2, share: 0.5 };
const kinds: readonly [string, Recipe, string][] = [
  ['of moby', tiny, '1ffb17276b76c740fe77dde914db3ba301e213f400b23aeafb008cb25af0ef61'],
  [
    'gated by ReLU',
    { ...tiny, config: { ...tiny.config, activation: 'relu' } },
    'c25a5ba30ad8f2723a5efe9793a06c6b5b9455c5b5d4d31e25dd51760fa3d2ea',
  ],
  [
    'with experts',
    { ...tiny, config: { ...tiny.config, feedForwardSize: 16, experts: { count: 4, perToken: 2 } }, balance: 0.01 },
    '49c065fa9f2c93c86fc6163ddca1b01f84e6283fc6268f50fe9b4c0d16fab189',
  ],
  [
    'of adapters',
    { ...tiny, adapters: { rank: 16, start: 'zero' }, trained: /lora_/ },
    'b48ec78d50c0248b1554eb3f3eaa7355b6286c10860f2b14e719daccb1797401',
  ],
  ['of a student', { ...tiny, teacher }, '139b0757c9ea2174555071a2d1b8a66c1da47653705cc84a4c283a4452ba8d3e'],
];

describe('ten steps', () => {
  test.each(kinds.flatMap(([kind, recipe, hash]) => [1, 2].map((threads) => ({ kind, recipe, hash, threads }))))(
    '$kind give the bits they always gave, on $threads threads',
    async ({ kind, recipe, hash, threads }) => {
      const trainer = await openTiny(threads, recipe);
      await runTraining(recipe, tiny.seed, text, trainer, 0, settings(`${kind}-${threads}`, 10, 4));
      expect(hashOf(trainer.state)).toBe(hash);
      trainer.close();
    },
  );

  test('stopped after four of them and gone on with, they give the same bits', async () => {
    const whole = await openTiny(2);
    await runTraining(tiny, tiny.seed, text, whole, 0, settings('whole', 10, 4));
    const first = await openTiny(2);
    let steps = 0;
    const stopping = { ...settings('parts', 10, 4), isStopped: () => steps++ === 4 };
    expect(await runTraining(tiny, tiny.seed, text, first, 0, stopping)).toBe(4);
    const second = await openTiny(1);
    const run = { model: 'tiny', steps: 10, decay: 4, sha256: text.sha256 };
    expect(resumeTraining(join(folder, 'parts'), second.state, run)).toBe(4);
    await runTraining(tiny, tiny.seed, text, second, 4, settings('parts', 10, 4));
    expect(second.state).toEqual(whole.state);
    for (const trainer of [whole, first, second]) trainer.close();
  });
});

describe('a run that ended', () => {
  beforeAll(async () => {
    const trainer = await openTiny(2);
    await runTraining(tiny, tiny.seed, text, trainer, 0, settings('ended', 60, 20));
    trainer.close();
  });

  test('has learnt', () => {
    const [{ step, loss, heldOut }] = readLog(join(folder, 'ended'));
    expect(step).toBe(60);
    expect(loss).toBeLessThan(Math.log(64));
    expect(heldOut).toBeLessThan(3.9);
  });

  test('goes on to a later end from before its rate fell', async () => {
    const trainer = await openTiny(1);
    const run = { model: 'tiny', steps: 80, decay: 20, sha256: text.sha256 };
    expect(resumeTraining(join(folder, 'ended'), trainer.state, run)).toBe(40);
    trainer.close();
  });

  test('is refused where the text is another', async () => {
    const trainer = await openTiny(1);
    const run = { model: 'tiny', steps: 60, decay: 20, sha256: 'of-another' };
    const resume = () => resumeTraining(join(folder, 'ended'), trainer.state, run);
    expect(resume).toThrow(InputError);
    expect(resume).toThrow('sha256 must be of-another, got of-the-test');
    trainer.close();
  });
});

test('the rate rises, stays and falls to nothing', () => {
  const settings = { ...moby.optimizer, peakRate: 1, warmUpSteps: 4 };
  const rates = Array.from({ length: 12 }, (_, step) => rateAt(step, settings, 12, 4));
  expect(rates).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25]);
});
