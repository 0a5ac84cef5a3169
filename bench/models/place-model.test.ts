import { expect, test } from 'vitest';
import { openWasm } from '../backends/wasm.ts';
import { KERNELS_DIR, loadTechniques } from '../cases/registry.ts';
import { kvCaches } from '../contract/kv-cache.ts';
import {
  EMBEDDING,
  type LinearLayer,
  linearLayers,
  type ModelConfig,
  type ModelWeights,
  type RopeScaling,
  rowsOf,
} from '../contract/model.ts';
import { forwardFloat64 } from '../contract/operations/model-float64.ts';
import type { Params, Technique } from '../contract/technique.ts';
import { seededRandom } from '../statistics/random.ts';
import { generate } from './generate.ts';
import { bytesOf, packCase } from './packed-case.ts';
import {
  type Choice,
  keepPacked,
  packModel,
  repeatLayers,
  roundingOf,
  roundingOfCache,
  unpackModel,
} from './packed-model.ts';
import { placeModel } from './place-model.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';
import type { Placement } from './running-model.ts';

const techniques = await loadTechniques([KERNELS_DIR]);
const dense = techniques.get('dense')!;
const backends = {
  ts: { kind: 'ts', runtime: undefined },
  wasm: { kind: 'wasm', runtime: await openWasm(128, 1) },
  'wasm-256': { kind: 'wasm', runtime: await openWasm(256, 1) },
  'wasm-mt': { kind: 'wasm', runtime: await openWasm(128, 3) },
} as const;
type BackendId = keyof typeof backends;
const backendIds = Object.keys(backends) as BackendId[];

const tokens = Array.from({ length: 17 }, (_, i) => (7 * i + i * i) % smallConfig.vocabularySize);
const CAPACITY = 24;

async function place(config: ModelConfig, backend: BackendId, maxRows: number, more?: Partial<Placement>) {
  const weights = randomModel(config, 3);
  const packed = packModel(weights, dense, () => undefined);
  const model = await placeModel(packed, { ...backends[backend], maxRows, capacity: CAPACITY, ...more });
  return { weights, model };
}

/** Σ error² / Σ signal² */
function nmse(output: Float32Array, reference: Float64Array): number {
  expect(output.length).toBe(reference.length);
  let [error, signal] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    error += (output[i] - reference[i]) ** 2;
    signal += reference[i] ** 2;
  }
  return error / signal;
}

const llama3: RopeScaling = {
  type: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalContextLength: 32,
};
const options: readonly [string, Partial<ModelConfig>][] = [
  ['two heads to a key', {}],
  ['a key for each head', { keyValueHeads: 4 }],
  ['one key for all heads', { heads: 7, keyValueHeads: 1 }],
  ['a head of its own', { isHeadTied: false }],
  ['biases on queries, keys and values', { architecture: 'qwen2', hasQkvBias: true }],
  ['a bias after attention', { hasQkvBias: true, hasOutputBias: true }],
  ['norms of queries and keys', { architecture: 'qwen3', hasQkNorm: true }],
  ['heads wider than the hidden state', { headDim: 10 }],
  ['sizes that fill no vector', { hiddenSize: 27, feedForwardSize: 37, headDim: 14 }],
  ['feed-forwards gated by ReLU', { activation: 'relu', feedForwardSize: 37 }],
  ['experts', { experts: { count: 5, perToken: 2 } }],
  ['linear scaling', { ropeScaling: { type: 'linear', factor: 4 } }],
  ['the scaling of llama3', { ropeScaling: llama3, ropeTheta: 500 }],
];

test.each(options.flatMap(([name, change]) => backendIds.map((backend) => ({ name, change, backend }))))(
  'a network with $name computes on $backend what float64 does',
  async ({ change, backend }) => {
    const { weights, model } = await place({ ...smallConfig, ...change }, backend, 5);
    expect(nmse(model.forward(tokens, 'all'), forwardFloat64(weights, tokens))).toBeLessThan(1e-10);
    model.dispose();
  },
);

test.each(backendIds.flatMap((backend) => [1, 5, 17].map((maxRows) => ({ backend, maxRows }))))(
  'tokens taken in by $maxRows at a time lead to the same logits on $backend',
  async ({ backend, maxRows }) => {
    const { weights, model } = await place(smallConfig, backend, maxRows, maxRows === 5 ? { headRows: 2 } : {});
    const reference = forwardFloat64(weights, tokens);
    const last = reference.subarray(-smallConfig.vocabularySize);
    expect(nmse(model.forward(tokens, 'last'), last)).toBeLessThan(1e-10);
    model.truncate(6);
    const rest = reference.subarray(6 * smallConfig.vocabularySize);
    expect(nmse(model.forward(tokens.slice(6), 'all'), rest)).toBeLessThan(1e-10);
    expect(model.length).toBe(tokens.length);
    model.dispose();
  },
);

const long = Array.from({ length: 150 }, (_, i) => (3 * i + i * i) % smallConfig.vocabularySize);

test.each(backendIds)('a cache longer than its parts is read whole on %s', async (backend) => {
  const weights = randomModel({ ...smallConfig, layers: 1 }, 4);
  const packed = packModel(weights, dense, () => undefined);
  const model = await placeModel(packed, { ...backends[backend], maxRows: 1, capacity: 160 });
  const last = forwardFloat64(weights, long).subarray(-smallConfig.vocabularySize);
  expect(nmse(model.forward(long, 'last'), last)).toBeLessThan(1e-10);
  model.dispose();
});

const whole: ModelConfig = {
  ...smallConfig,
  hiddenSize: 64,
  feedForwardSize: 96,
  heads: 2,
  keyValueHeads: 1,
  headDim: 32,
};
/** Roundings of activations that come out otherwise, because what precedes them is f32 here and float64 there, cost more than f32 does. */
const compressed: readonly [string, Params, number][] = [
  ['int8', { granularity: 'channel', activations: 'f32' }, 1e-10],
  ['int8', { granularity: 'channel', activations: 'int8' }, 1e-5],
  ['int4', { groupSize: 32 }, 1e-10],
  ['int4', { groupSize: 32, activations: 'int8-32' }, 1e-5],
  ['int4', { groupSize: 32, transform: 'hadamard' }, 1e-10],
  ['int4', { groupSize: 32, transform: 'smooth' }, 1e-10],
  ['int4', { groupSize: 32, method: 'awq' }, 1e-10],
  ['q8-0', {}, 1e-10],
  ['f16', {}, 1e-10],
  ['csr', { sparsity: 0.5 }, 1e-10],
  ['sparse-2-4', {}, 1e-10],
  ['low-rank', { share: 0.5 }, 1e-10],
];

test.each(
  compressed.flatMap(([id, params, most]) =>
    (['ts', 'wasm'] as const).flatMap((backend) => [1, 6].map((maxRows) => ({ id, params, most, backend, maxRows }))),
  ),
)(
  'layers packed by $id $params join on $backend with $maxRows rows',
  async ({ id, params, most, backend, maxRows }) => {
    const choice = { technique: techniques.get(id)!, params };
    const { gaussian } = seededRandom(5);
    const calibration = ({ K }: LinearLayer) => ({ X: Float32Array.from({ length: 40 * K }, gaussian), rows: 40 });
    const packed = keepPacked(packModel(randomModel(whole, 6), dense, () => choice, calibration));
    const model = await placeModel(packed, { ...backends[backend], maxRows, capacity: CAPACITY });
    const reference = forwardFloat64(unpackModel(packed), tokens, roundingOf(packed));
    expect(nmse(model.forward(tokens, 'all'), reference)).toBeLessThan(most);
    model.dispose();
  },
);

const caches = Object.entries(kvCaches).slice(1);

test.each(caches)('keys and values kept as %s are those that float64 rounds', async (_, cache) => {
  const packed = { ...packModel(randomModel(whole, 6), dense, () => undefined), cache };
  const reference = forwardFloat64(unpackModel(packed), tokens, undefined, roundingOfCache(packed));
  const unrounded = forwardFloat64(unpackModel(packed), tokens);
  for (const backend of backendIds) {
    for (const maxRows of [1, 6]) {
      const model = await placeModel(packed, { ...backends[backend], maxRows, capacity: CAPACITY });
      const logits = model.forward(tokens, 'all');
      // One key or value that f32 and float64 round to different steps would cost more.
      expect(nmse(logits, reference), `${backend}, ${maxRows} rows`).toBeLessThan(1e-8);
      expect(nmse(logits, unrounded)).toBeGreaterThan(1e-8);
      model.dispose();
    }
  }
});

test.each(backendIds)('a cache of whole numbers takes heads that fill no block on %s', async (backend) => {
  const config = { ...smallConfig, headDim: 38, keyValueHeads: 1 };
  const packed = { ...packModel(randomModel(config, 3), dense, () => undefined), cache: kvCaches['q4-0'] };
  for (const maxRows of [1, 7]) {
    const model = await placeModel(packed, { ...backends[backend], maxRows, capacity: 150 });
    const reference = forwardFloat64(unpackModel(packed), long.slice(0, 120), undefined, roundingOfCache(packed));
    const last = reference.subarray(-config.vocabularySize);
    expect(nmse(model.forward(long.slice(0, 120), 'last'), last)).toBeLessThan(1e-3);
    model.dispose();
  }
});

test.each<Params>([{ transform: 'hadamard' }, { transform: 'smooth' }, { method: 'awq' }])(
  'tokens are looked up in rows that %o left as they were, where the head is tied to them',
  async (params) => {
    const { gaussian } = seededRandom(5);
    const calibration = ({ K }: LinearLayer) => ({ X: Float32Array.from({ length: 40 * K }, gaussian), rows: 40 });
    const weights = randomModel(whole, 6);
    const packed = packModel(weights, dense, () => ({ technique: techniques.get('f16')!, params }), calibration);
    const model = await placeModel(packed, { ...backends.wasm, maxRows: 6, capacity: CAPACITY });
    // What f16 costs, and nothing else.
    expect(nmse(model.forward(tokens, 'all'), forwardFloat64(weights, tokens))).toBeLessThan(1e-5);
    model.dispose();
  },
);

test.each(['ts', 'wasm'] as const)('layers of all kinds take turns on %s, in the same scratch', async (backend) => {
  const choices = compressed.map(([id, params]) => ({ technique: techniques.get(id)!, params }));
  const { gaussian } = seededRandom(5);
  const calibration = ({ K }: LinearLayer) => ({ X: Float32Array.from({ length: 40 * K }, gaussian), rows: 40 });
  const weights = randomModel({ ...whole, layers: 3 }, 6);
  const order = linearLayers(weights.config).map(({ name }) => name);
  const chosen = ({ name }: LinearLayer) => choices[order.indexOf(name) % choices.length];
  const packed = keepPacked(packModel(weights, dense, chosen, calibration));
  const model = await placeModel(packed, { ...backends[backend], maxRows: 6, capacity: CAPACITY });
  const reference = forwardFloat64(unpackModel(packed), tokens, roundingOf(packed));
  expect(nmse(model.forward(tokens, 'all'), reference)).toBeLessThan(1e-5);
  model.dispose();
});

test('scratch on wasm does not grow with the stack of layers', async () => {
  const packed = packModel(randomModel(smallConfig, 3), dense, () => undefined);
  const workspaceOf = async (times: number) => {
    const model = await placeModel(repeatLayers(packed, times), { ...backends.wasm, maxRows: 7, capacity: CAPACITY });
    model.dispose();
    return model.workspaceBytes;
  };
  expect(await workspaceOf(5)).toBe(await workspaceOf(1));
});

test.each([1, 5])('the number of threads does not show in one bit of the logits, with %i rows', async (maxRows) => {
  const logits = async (backend: BackendId) => {
    const { model } = await place(smallConfig, backend, maxRows);
    const all = model.forward(tokens, 'all').slice();
    model.dispose();
    return new Uint32Array(all.buffer);
  };
  expect(await logits('wasm-mt')).toEqual(await logits('wasm'));
});

test('kernels that tell no places have activations copied to them', async () => {
  const copied: Technique = {
    ...dense,
    kernels: { wasm: async (context) => ({ ...(await dense.kernels.wasm!(context)), places: undefined }) },
  };
  const weights = randomModel(smallConfig, 3);
  const packed = packModel(weights, dense, ({ part }) =>
    part === 'ffn' ? { technique: copied, params: {} } : undefined,
  );
  const model = await placeModel(packed, { ...backends.wasm, maxRows: 5, capacity: CAPACITY });
  expect(nmse(model.forward(tokens, 'all'), forwardFloat64(weights, tokens))).toBeLessThan(1e-10);
  model.dispose();
});

test.each(backendIds)('the most likely tokens on %s are those of float64', async (backend) => {
  const { weights, model } = await place(smallConfig, backend, 4);
  const text = tokens.slice(0, 6);
  for (let i = 0; i < 8; i++) {
    const logits = forwardFloat64(weights, text).subarray(-smallConfig.vocabularySize);
    text.push(logits.indexOf(Math.max(...logits)));
  }
  expect(generate(model, tokens.slice(0, 6), 8)).toEqual(text.slice(6));
  model.dispose();
});

test('a model that looks tokens up by itself has its embedding read once, for the head, and each token’s row once', async () => {
  const weights = randomModel(smallConfig, 3);
  const asked: (string | number)[] = [];
  const looking: ModelWeights = {
    ...weights,
    tensor(name) {
      if (name === EMBEDDING) asked.push(name);
      return weights.tensor(name);
    },
    lookUp(numbers) {
      asked.push(...numbers);
      return rowsOf(weights.tensor(EMBEDDING), smallConfig.hiddenSize, numbers);
    },
  };
  const packed = packModel(looking, dense, () => undefined);
  const model = await placeModel(packed, { ...backends.wasm, maxRows: 5, capacity: CAPACITY });
  expect(nmse(model.forward([7, 3, 7, 7], 'all'), forwardFloat64(weights, [7, 3, 7, 7]))).toBeLessThan(1e-10);
  expect(asked).toEqual([EMBEDDING, 7, 3]);
  model.dispose();
});

test('a stack of layers twice over is a network of twice as many', async () => {
  const weights = randomModel(smallConfig, 3);
  const twice = repeatLayers(
    packModel(weights, dense, () => undefined),
    2,
  );
  const model = await placeModel(twice, { ...backends.wasm, maxRows: 5, capacity: CAPACITY });
  expect(twice.config.layers).toBe(4);
  expect(twice.tensor('model.layers.3.input_layernorm.weight')).toEqual(
    weights.tensor('model.layers.1.input_layernorm.weight'),
  );
  expect(nmse(model.forward(tokens, 'all'), forwardFloat64(unpackModel(twice), tokens))).toBeLessThan(1e-10);
  model.dispose();
});

test('bytes are those of weights, caches and what was stored', async () => {
  const uncompressed = { technique: dense, params: {} };
  const packed = packCase(randomModel(smallConfig, 3), { layers: 'all', scale: 1 }, uncompressed, dense);
  const { layers, hiddenSize, keyValueHeads, headDim, vocabularySize, feedForwardSize } = smallConfig;
  const ofLayer = 2 * hiddenSize * (4 + keyValueHeads) * headDim + 3 * hiddenSize * feedForwardSize;
  expect(bytesOf(packed)).toEqual({
    values: 4 * (layers * ofLayer + vocabularySize * hiddenSize + (2 * layers + 1) * hiddenSize),
    indices: 0,
    scales: 0,
    corrections: 0,
  });
  const model = await placeModel(packed, { ...backends.ts, maxRows: 1, capacity: CAPACITY });
  expect(model.kvCacheBytes).toBe(4 * 2 * layers * CAPACITY * keyValueHeads * headDim);
  model.dispose();
});

test('more tokens than fit and tokens that are none are refused', async () => {
  const { model } = await place(smallConfig, 'ts', 4);
  expect(() => model.forward(Array(25).fill(0), 'last')).toThrow('tokens: must be at most 24 in all, got 25');
  expect(() => model.forward([53], 'last')).toThrow('token: must be below 53, got 53');
  expect(() => model.truncate(3)).toThrow('length: must be at most 0, got 3');
  model.dispose();
});

test.each(backendIds)('the activations that come to layers are shown on %s, row by row', async (backend) => {
  const seen = new Map<string, number[][]>();
  const onActivations: Placement['onActivations'] = ({ name }, x) => {
    seen.set(name, [...(seen.get(name) ?? []), [...x]]);
  };
  const { weights, model } = await place(smallConfig, backend, 5, { onActivations });
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

test.each(backendIds)('a model stretched on %s goes on at another position and forgets it again', async (backend) => {
  const { model } = await place(smallConfig, backend, 4);
  const first = model.forward(tokens.slice(0, 4), 'last').slice();
  model.stretch(20);
  model.forward([1], 'last');
  expect(model.length).toBe(21);
  expect(() => model.stretch(24)).toThrow('length: must be below 24, got 24');
  model.truncate(0);
  expect(model.forward(tokens.slice(0, 4), 'last')).toEqual(first);
  model.dispose();
});

test('what cannot run is told by name', async () => {
  const weights = randomModel(smallConfig, 3);
  const onto = (placement: Pick<Placement, 'kind' | 'runtime'>, choice?: Choice) =>
    placeModel(
      packModel(weights, dense, () => choice),
      { ...placement, maxRows: 1, capacity: CAPACITY },
    );
  await expect(onto({ kind: 'wgsl', runtime: undefined })).rejects.toThrow(
    /^whole networks run in TypeScript and WebAssembly only: through wgsl, /,
  );
  const missing = { technique: { ...dense, kernels: {} }, params: {} };
  await expect(onto(backends.ts, missing)).rejects.toThrow(
    'model.embed_tokens.weight: must have a ts kernel, got none',
  );
  const blocks = { technique: techniques.get('q8-0')!, params: {} };
  await expect(onto(backends.ts, blocks)).rejects.toThrow(/^model.embed_tokens.weight: .*32/);
});
