import { describe, expect, test } from 'vitest';
import dense from '../../kernels/dense/technique.ts';
import int4 from '../../kernels/int4/technique.ts';
import q8 from '../../kernels/q8-0/technique.ts';
import { linearLayers } from '../contract/model.ts';
import { packModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';
import { openScorer } from './score-many.ts';
import { scoreWindows } from './score-text.ts';
import { scoreOf } from './score-tokens.ts';
import { scoreLayersAlone } from './sensitivity.ts';

const weights = randomModel(smallConfig, 5);
const place = { kind: 'ts', runtime: undefined } as const;
const tokens = (from: number, count: number) => Array.from({ length: count }, (_, i) => (from + 7 * i) % 53);
const windows = [0, 11, 29].map((from) => ({ before: tokens(from, 8), predicted: tokens(from + 56, 8) }));
const choice = { technique: int4, params: { groupSize: 32 } };
const uncompressed = packModel(weights, dense, () => undefined);

describe('a scorer', () => {
  test('says of each candidate what scoring it beside the uncompressed model says', async () => {
    const scorer = await openScorer(uncompressed, windows, place, 0);
    const candidates = [choice, { technique: int4, params: { groupSize: 64 } }].map((one) =>
      packModel(weights, dense, () => one),
    );
    for (const candidate of [...candidates, candidates[0], uncompressed]) {
      const models = [uncompressed, candidate].map((model) =>
        placeModel(model, { ...place, maxRows: 16, capacity: 64 }),
      );
      const [reference, model] = await Promise.all(models);
      expect(await scorer.score(candidate)).toEqual(scoreOf(scoreWindows(reference, model, windows), 0));
    }
  });

  test('knows the uncompressed model from itself by nothing', async () => {
    const scorer = await openScorer(uncompressed, windows, place, 0);
    await scorer.score(uncompressed);
    expect(await scorer.score(uncompressed)).toMatchObject({ kldMean: 0, pplRatio: 1, sameTopPct: 100 });
  });
});

test.each([true, false])(
  'each layer alone costs what it does in a model placed anew, where the head is tied: %j',
  async (isHeadTied) => {
    const config = { ...smallConfig, isHeadTied };
    const weights = randomModel(config, 5);
    const scorer = await openScorer(
      packModel(weights, dense, () => undefined),
      windows,
      place,
      0,
    );
    const found = await Array.fromAsync(scoreLayersAlone(linearLayers(weights.config), weights, dense, choice, scorer));
    expect(found.map(({ layer }) => layer)).toEqual(linearLayers(config));
    for (const { layer, savedBytes, score } of found) {
      expect(score?.kldMean).toBeGreaterThan(0);
      expect(savedBytes).toBeGreaterThan(4 * layer.N * layer.K * 0.8);
    }
    for (const { layer, score } of found) {
      const alone = packModel(weights, dense, ({ name }) => (name === layer.name ? choice : undefined));
      expect(await scorer.score(alone)).toEqual(score);
    }
  },
);

test('a layer that the technique can’t hold is named with the reason', async () => {
  const scorer = await openScorer(uncompressed, windows, place, 0);
  const found = await Array.fromAsync(
    scoreLayersAlone(linearLayers(weights.config), weights, dense, { technique: q8, params: {} }, scorer),
  );
  // 24 and 40 are no multiples of 32.
  expect(found.every(({ reason }) => reason?.includes('K must be a multiple of 32'))).toBe(true);
  expect(found.every(({ savedBytes, score }) => savedBytes === 0 && score === undefined)).toBe(true);
});
