import { expect, test } from 'vitest';
import { openWasm } from '../backends/wasm.ts';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import { feedForwards, type ModelConfig, type ModelWeights, routerName } from '../contract/model.ts';
import { forwardFloat64 } from '../contract/operations/model-float64.ts';
import type { ModelProblem } from '../contract/problem.ts';
import { drawnAtRandom, mostAdding, whyNotFewerExperts, withExperts } from './fewer-experts.ts';
import { modelTechnique } from './model-technique.ts';
import { bytesOf, packCase } from './packed-case.ts';
import { packModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';
import { weighedModel } from './weighed-model.ts';

const dense = await loadTechnique('dense', [KERNELS_DIR]);
const uncompressed = { technique: dense, params: {} };
const config: ModelConfig = { ...smallConfig, experts: { count: 6, perToken: 2 } };
const weights = randomModel(config, 1);
const texts = [0, 1, 2].map((text) => Array.from({ length: 20 }, (_, i) => (7 * i + i * i + text) % 53));
const backends = {
  ts: { kind: 'ts', runtime: undefined },
  wasm: { kind: 'wasm', runtime: await openWasm(128, 1) },
} as const;
const problem: ModelProblem = {
  op: 'model',
  phase: 'decode',
  M: 1,
  context: 20,
  weights: 'random',
  layers: 'all',
  scale: 1,
  seed: 0,
  config,
  file: { path: '', text: '', calibration: '' },
};
const kept = [
  [0, 2, 5],
  [1, 3, 4],
];

/** The same weights, of which some are changed. */
function changed(of: ModelWeights, change: (name: string, values: Float32Array) => Float32Array): ModelWeights {
  return { ...of, tensor: (name) => change(name, of.tensor(name)) };
}

test('experts whose outputs are small are those that are dropped, in each layer by itself', async () => {
  const large = new Set(
    kept.flatMap((numbers, i) => numbers.map((e) => feedForwards(config, `model.layers.${i}`)[e].down)),
  );
  const uneven = changed(weights, (name, values) =>
    name.includes('.w2.') && !large.has(name) ? values.map((value) => value / 100) : values,
  );
  expect(await mostAdding(uneven, dense, texts)).toEqual(kept);
});

test('of experts with the same outputs those are dropped that routers give the smaller share', async () => {
  const four = randomModel({ ...config, experts: { count: 4, perToken: 2 } }, 1);
  // A row takes the first two, the first of them by more, or the last two, the last by more.
  const scales = [3, 1, -1, -3];
  const alike = changed(four, (name, values) => {
    const layer = /^model\.layers\.\d/.exec(name)?.[0] ?? '';
    if (name !== routerName(layer)) return four.tensor(name.replace(/experts\.\d/, 'experts.0'));
    const size = config.hiddenSize;
    return values.map((_, i) => scales[Math.floor(i / size)] * values[i % size]);
  });
  expect(await mostAdding(alike, dense, texts)).toEqual([
    [0, 3],
    [0, 3],
  ]);
});

test('a random half is the same for a seed, and another for others and in other layers', () => {
  const drawn = Array.from({ length: 8 }, (_, seed) => drawnAtRandom(config, seed));
  expect(drawnAtRandom(config, 3)).toEqual(drawn[3]);
  for (const numbers of drawn.flat()) {
    expect(numbers).toHaveLength(3);
    expect(numbers).toEqual([...new Set(numbers)].sort());
  }
  expect(new Set(drawn.map(String)).size).toBeGreaterThan(4);
  expect(drawn.some(([first, second]) => String(first) !== String(second))).toBe(true);
});

/** A model that never had other experts. */
const never: ModelWeights = {
  config: { ...config, experts: { count: 3, perToken: 2 } },
  tensor(name) {
    const layer = Number(/^model\.layers\.(\d)/.exec(name)?.[1]);
    if (name === routerName(`model.layers.${layer}`)) {
      const router = weights.tensor(name);
      const size = config.hiddenSize;
      return Float32Array.from(kept[layer].flatMap((e) => [...router.subarray(e * size, (e + 1) * size)]));
    }
    return weights.tensor(name.replace(/experts\.(\d)/, (_, e) => `experts.${kept[layer][Number(e)]}`));
  },
};

test.each(['ts', 'wasm'] as const)('a model without some is on %s one that never had them', async (backend) => {
  const model = await placeModel(
    packModel(withExperts(weights, kept), dense, () => undefined),
    {
      ...backends[backend],
      maxRows: 5,
      capacity: 24,
    },
  );
  const logits = model.forward(texts[0], 'all');
  const reference = forwardFloat64(never, texts[0]);
  const energy = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value * value, 0);
  expect(energy(reference.map((value, i) => logits[i] - value)) / energy(reference)).toBeLessThan(1e-10);
  model.dispose();
});

test('a case has the bytes of the experts that are left and the work of as many for each token as before', () => {
  const sized = (of: ModelWeights, scale: number) => packCase(of, { layers: 'all', scale }, uncompressed, dense);
  for (const scale of [1, 3]) {
    const [pruned, small, whole] = [withExperts(weights, kept), never, weights].map((of) => sized(of, scale));
    expect(bytesOf(pruned)).toEqual(bytesOf(small));
    const asked = { ...problem, scale };
    const flops = modelTechnique(uncompressed, pruned).flops(pruned, asked);
    expect(flops).toBe(modelTechnique(uncompressed, whole).flops(whole, asked));
  }
});

test('it is scored beside the whole model', async () => {
  const windows = [{ before: [5, 6], predicted: texts[1] }];
  const choice = { technique: dense, params: { experts: 'half' } };
  const fewer = withExperts(weights, kept);
  const weighed = weighedModel(weights, problem, choice, dense, windows, { fewer });
  expect(weighed.technique).not.toBe(weighed.dense);
  const scored = await weighed.score?.(backends.wasm);
  expect(scored?.score?.kldMean).toBeGreaterThan(0.01);
});

test('half of the experts must be there and be enough for a token', () => {
  const whyNot = (experts: ModelConfig['experts']) =>
    whyNotFewerExperts({ ...problem, config: { ...config, experts } }, { experts: 'half' });
  expect(whyNot({ count: 5, perToken: 3 })).toBeUndefined();
  expect(whyNot({ count: 4, perToken: 3 })).toBe('experts: must leave the 3 that a token takes, got 2 of 4');
  expect(whyNot(undefined)).toBe('experts: must be of a model that has some, got random');
  expect(whyNotFewerExperts({ ...problem, config: smallConfig }, {})).toBeUndefined();
});
