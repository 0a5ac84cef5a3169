import { expect, test } from 'vitest';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import type { ModelConfig, RopeScaling } from '../contract/model.ts';
import { forwardFloat64 } from '../contract/operations/model-float64.ts';
import { generate } from './generate.ts';
import { packModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';
import type { Placement } from './running-model.ts';

const dense = await loadTechnique('dense', [KERNELS_DIR]);
const tokens = Array.from({ length: 17 }, (_, i) => (7 * i + i * i) % smallConfig.vocabularySize);
const llama3: RopeScaling = {
  type: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalContextLength: 32,
};

const options: readonly [string, Partial<ModelConfig>][] = [
  ['with two heads to a key', {}],
  ['with a key for each head', { keyValueHeads: 4 }],
  ['with one key for all heads', { keyValueHeads: 1 }],
  ['with a head of its own', { isHeadTied: false }],
  ['with biases on queries, keys and values', { architecture: 'qwen2', hasQkvBias: true }],
  ['with a bias after attention', { hasQkvBias: true, hasOutputBias: true }],
  ['with norms of queries and keys', { architecture: 'qwen3', hasQkNorm: true }],
  ['with heads wider than the hidden state', { headDim: 10 }],
  ['with linear scaling', { ropeScaling: { type: 'linear', factor: 4 } }],
  ['with the scaling of llama3', { ropeScaling: llama3, ropeTheta: 500 }],
];
const onTs = { kind: 'ts', runtime: undefined } as const;

function nmse(output: Float32Array, reference: Float64Array): number {
  expect(output.length).toBe(reference.length);
  let [error, signal] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    error += (output[i] - reference[i]) ** 2;
    signal += reference[i] ** 2;
  }
  return error / signal;
}

async function place(config: ModelConfig, placement: Omit<Placement, 'capacity'>) {
  const weights = randomModel(config, 3);
  const model = await placeModel(
    packModel(weights, dense, () => undefined),
    { ...placement, capacity: 24 },
  );
  return { weights, model };
}

test.each(options)('a network %s computes what float64 does', async (_, change) => {
  const { weights, model } = await place({ ...smallConfig, ...change }, { ...onTs, maxRows: 5 });
  expect(nmse(model.forward(tokens, 'all'), forwardFloat64(weights, tokens))).toBeLessThan(1e-10);
  model.dispose();
});

test.each([
  ['one at a time', 1, undefined],
  ['five at a time', 5, 1],
  ['all at once', 17, undefined],
])('tokens taken in %s lead to the same logits', async (_, maxRows, headRows) => {
  const { weights, model } = await place(smallConfig, { ...onTs, maxRows, headRows });
  const reference = forwardFloat64(weights, tokens);
  const last = reference.subarray(-smallConfig.vocabularySize);
  expect(nmse(model.forward(tokens, 'last'), last)).toBeLessThan(1e-10);
  model.truncate(6);
  expect(nmse(model.forward(tokens.slice(6), 'all'), reference.subarray(6 * smallConfig.vocabularySize))).toBeLessThan(
    1e-10,
  );
  expect(model.length).toBe(tokens.length);
  model.dispose();
});

test('the most likely tokens are those of float64', async () => {
  const { weights, model } = await place(smallConfig, { ...onTs, maxRows: 4 });
  const text = tokens.slice(0, 6);
  for (let i = 0; i < 8; i++) {
    const logits = forwardFloat64(weights, text).subarray(-smallConfig.vocabularySize);
    text.push(logits.indexOf(Math.max(...logits)));
  }
  expect(generate(model, tokens.slice(0, 6), 8)).toEqual(text.slice(6));
  model.dispose();
});

test('more tokens than fit and tokens that are none are refused', async () => {
  const { model } = await place(smallConfig, { ...onTs, maxRows: 4 });
  expect(() => model.forward(Array(25).fill(0), 'last')).toThrow('tokens: must be at most 24 in all, got 25');
  expect(() => model.forward([53], 'last')).toThrow('token: must be below 53, got 53');
  expect(() => model.truncate(3)).toThrow('length: must be at most 0, got 3');
  model.dispose();
});

test('the activations that come to layers are shown, row by row', async () => {
  const seen = new Map<string, number[][]>();
  const onActivations: Placement['onActivations'] = ({ name }, x) => {
    seen.set(name, [...(seen.get(name) ?? []), [...x]]);
  };
  const { weights, model } = await place(smallConfig, { ...onTs, maxRows: 5, onActivations });
  model.forward(tokens, 'all');
  const expected = new Map<string, Float32Array>();
  forwardFloat64(weights, tokens, ({ name }, X) => {
    expected.set(name, X);
    return X;
  });
  expect([...seen.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, rows] of seen)
    expect(nmse(Float32Array.from(rows.flat()), Float64Array.from(expected.get(name)!))).toBeLessThan(1e-10);
  model.dispose();
});

test('a stretched model goes on at another position and forgets it again', async () => {
  const { model } = await place(smallConfig, { ...onTs, maxRows: 4 });
  const first = model.forward(tokens.slice(0, 4), 'last').slice();
  model.stretch(20);
  model.forward([1], 'last');
  expect(model.length).toBe(21);
  expect(() => model.stretch(24)).toThrow('length: must be below 24, got 24');
  model.truncate(0);
  expect(model.forward(tokens.slice(0, 4), 'last')).toEqual(first);
  model.dispose();
});
