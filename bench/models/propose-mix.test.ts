import { expect, test } from 'vitest';
import dense from '../../kernels/dense/technique.ts';
import int3 from '../../kernels/int3/technique.ts';
import int4 from '../../kernels/int4/technique.ts';
import q8 from '../../kernels/q8-0/technique.ts';
import { blockOf, type LinearLayer, linearLayers } from '../contract/model.ts';
import { layerOptions, layersToScore } from './layer-options.ts';
import { otherBytes } from './packed-case.ts';
import { packModel } from './packed-model.ts';
import { packMix, planOf, proposeMix } from './propose-mix.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';

const fine = { technique: int4, params: { groupSize: 32 } };
const coarse = { technique: int3, params: { groupSize: 32 } };
const layers = [fine, coarse].map(() => [
  { choice: fine, bytes: 100, kld: 0.001 },
  { choice: coarse, bytes: 60, kld: 0.004 },
]);
/** Perplexity that grows by one in a hundred for each coarse layer. */
const score = async (choices: readonly unknown[]) => {
  const ratio = 1 + 0.01 * choices.filter((choice) => choice === coarse).length;
  const pplRatioCi95 = { low: ratio - 0.002, high: ratio + 0.002 };
  return {
    tokens: 1,
    ppl: 9,
    pplRatio: ratio,
    pplRatioCi95,
    kldMean: 0,
    kldP99: 0,
    kldMax: 0,
    sameTopPct: 100,
    rmsDpPct: 0,
  };
};

test.each([
  [{ maxPplRatio: 1.0125 }, [coarse, fine]],
  [{ maxPplRatio: 1.0115 }, [fine, fine]],
  [{ maxPplRatio: 1.001 }, undefined],
  [{ maxPplRatio: 2 }, [coarse, coarse]],
  [{ maxBytes: 170 }, [coarse, fine]],
  [{ maxBytes: 100 }, undefined],
  [{ maxBytes: 130, maxPplRatio: 1.0125 }, undefined],
  [{ maxBytes: 160, maxPplRatio: 1.0125 }, [coarse, fine]],
])('%j: the smallest mix that is exact enough, or the most exact that is small enough', async (bounds, expected) => {
  expect(await proposeMix(layers, bounds, score)).toEqual(expected);
});

const weights = randomModel(smallConfig, 5);
const known = linearLayers(smallConfig);

test('a format costs more than the one that was scored as its errors are larger; what can’t hold a layer is left out', () => {
  const options = layerOptions(weights, dense, [{ technique: q8, params: {} }, fine, coarse], coarse, () => 0.01);
  for (const each of options) {
    expect(each.map(({ choice }) => choice)).toEqual([fine, coarse]);
    expect(each[1].kld).toBeCloseTo(0.01, 12);
    // Steps of 3 bits are some 15/7 as wide as those of 4.
    expect(each[0].kld / 0.01).toBeGreaterThan(0.1);
    expect(each[0].kld / 0.01).toBeLessThan(0.35);
  }
  const none = layerOptions(weights, dense, [{ technique: q8, params: {} }], coarse, () => 0.01);
  expect(none.map((each) => each.map(({ choice, kld }) => [choice, kld]))).toEqual(known.map(() => [[undefined, 0]]));
});

test('layers of a block that is not scored cost what those of the nearest one do, for errors as large', () => {
  const deep = { ...smallConfig, layers: 24 };
  const toScore = layersToScore(deep);
  const blocks = [1, 4, 7, 10, 13, 16, 19, 22];
  expect([...new Set(toScore.map(({ name }) => blockOf(name)))]).toEqual([...blocks, undefined]);
  expect(toScore).toHaveLength(7 * blocks.length + 1);
  expect(layersToScore(smallConfig)).toEqual(known);
  const kldOf = ({ name }: LinearLayer) => {
    return toScore.some((layer) => layer.name === name) ? 2 ** (blockOf(name) ?? 0) : undefined;
  };
  const options = layerOptions(randomModel(deep, 5), dense, [coarse], coarse, kldOf);
  for (const [i, { name, part }] of linearLayers(deep).entries()) {
    if (part === 'head') continue;
    const nearest = 3 * Math.floor((blockOf(name) ?? 0) / 3) + 1;
    // Weights are drawn alike, so that errors are about as large; the next block that is scored costs eight times as much.
    expect(options[i][0].kld / 2 ** nearest).toBeGreaterThan(1 / 2);
    expect(options[i][0].kld / 2 ** nearest).toBeLessThan(2);
  }
});

test('a mix packs each layer as chosen, and its plan says how', () => {
  const choices = known.map((_, i) => [fine, coarse, undefined][i % 3]);
  const packed = packMix(weights, dense, choices, undefined);
  expect(known.map((layer) => packed.pack(layer).technique)).toEqual(known.map((_, i) => [int4, int3, dense][i % 3]));
  const ids = new Map([
    [int4, 'int4'],
    [int3, 'int3'],
  ]);
  const plan = planOf('small', weights, choices, (technique) => ids.get(technique) ?? '');
  expect(Object.keys(plan.layers)).toHaveLength(known.filter((_, i) => i % 3 < 2).length);
  expect(plan.layers[known[1].name]).toEqual({ technique: 'int3', params: { groupSize: 32 } });
});

test('what nothing packs is what the uncompressed model has beside its layers', () => {
  const names = ['input_layernorm', 'post_attention_layernorm'].flatMap((norm) =>
    [0, 1].map((i) => `model.layers.${i}.${norm}.weight`),
  );
  const bytes = [...names, 'model.norm.weight'].reduce((sum, name) => sum + weights.tensor(name).byteLength, 0);
  expect(otherBytes(packModel(weights, dense, () => undefined))).toBe(bytes);
});
