import { expect, test } from 'vitest';
import { openWasm } from '../../backends/wasm.ts';
import { KERNELS_DIR, loadTechniques } from '../../cases/registry.ts';
import { keyFormats } from '../../contract/datastore.ts';
import { forwardFloat64 } from '../../contract/operations/model-float64.ts';
import type { Window } from '../../inputs/text-windows.ts';
import { seededRandom } from '../../statistics/random.ts';
import { packModel } from '../packed-model.ts';
import { placeModel } from '../place-model.ts';
import { randomModel, smallConfig } from '../random-model.fixture.ts';
import { scoreModels } from '../score-models.ts';
import { buildDatastore } from './build-datastore.ts';
import { bytesOfDatastore, type Datastore } from './datastore.ts';
import { mixIn } from './mix-in.ts';
import { mixInFloat64, searchFloat64 } from './mix-in-float64.ts';

const techniques = await loadTechniques([KERNELS_DIR]);
const config = { ...smallConfig, hiddenSize: 32 };
const weights = randomModel(config, 1);
const model = packModel(weights, techniques.get('dense')!, () => undefined);
const backends = {
  ts: { kind: 'ts', runtime: undefined },
  wasm: { kind: 'wasm', runtime: await openWasm(128, 1) },
  'wasm-256': { kind: 'wasm', runtime: await openWasm(256, 1) },
  'wasm-mt': { kind: 'wasm', runtime: await openWasm(128, 3) },
} as const;
const backendIds = Object.keys(backends) as (keyof typeof backends)[];
const formats = ['f16', 'int8'] as const;

/** A text that a model of random weights can't predict, but one that has seen it can. */
function textOf(seed: number, count: number): Window[] {
  const { uniform } = seededRandom(seed);
  const tokens = Array.from({ length: count + 1 }, () => Math.floor(uniform() * config.vocabularySize));
  return Array.from({ length: count / 24 }, (_, i) => ({
    before: tokens.slice(24 * i, 24 * i + 1),
    predicted: tokens.slice(24 * i + 1, 24 * (i + 1) + 1),
  }));
}

const planted = textOf(1, 480);
const build = (format: string, stored = planted, calibration = planted.slice(0, 10)): Promise<Datastore> => {
  const { technique, params, isShuffled } = keyFormats[format];
  return buildDatastore(model, { stored, calibration }, { technique: techniques.get(technique)!, params }, isShuffled);
};
const stores = new Map(await Promise.all(Object.keys(keyFormats).map(async (id) => [id, await build(id)] as const)));
const scored = (datastore: Datastore) =>
  scoreModels(model, { ...model, datastore }, planted.slice(10), backends.wasm, 0);

test.each(formats)('a text that was stored with keys in %s is predicted when it comes again', async (format) => {
  const score = await scored(stores.get(format)!);
  expect(score.pplRatio).toBeLessThan(0.1);
  expect(score.ppl).toBeLessThan(config.vocabularySize / 4);
});

test('of what followed elsewhere nothing is gained', async () => {
  const shuffled = stores.get('int8-shuffled')!;
  const score = await scored(shuffled);
  expect(score.pplRatio).toBeGreaterThan(0.5);
  expect([...shuffled.followers].sort()).toEqual([...stores.get('int8')!.followers].sort());
});

test.each(backendIds)('where nothing of it is mixed in, logits are the same to the bit on %s', async (backend) => {
  const store = stores.get('int8')!;
  const placement = { ...backends[backend], maxRows: 4, capacity: 30 };
  const [plain, mixed] = [
    await placeModel(model, placement),
    await placeModel({ ...model, datastore: { ...store, mix: { ...store.mix, share: 0 } } }, placement),
  ];
  const tokens = planted[0].predicted;
  expect(mixed.forward(tokens, 'all')).toEqual(plain.forward(tokens, 'all'));
  for (const running of [plain, mixed]) running.dispose();
});

test.each(
  backendIds.flatMap((backend) =>
    formats.flatMap((format) => (['all', 'last'] as const).map((want) => ({ backend, format, want }))),
  ),
)(
  '$want logits with keys in $format are on $backend those of a search in float64',
  async ({ backend, format, want }) => {
    const store = { ...stores.get(format)!, mix: { neighbours: 7, temperature: 0.5, share: 0.4 } };
    const tokens = textOf(3, 24)[0].predicted;
    const expected = forwardFloat64(weights, tokens, undefined, undefined, want, mixInFloat64(store));
    const placed = await placeModel({ ...model, datastore: store }, { ...backends[backend], maxRows: 5, capacity: 30 });
    const output = placed.forward(tokens, want);
    output.forEach((logit, i) => void expect(logit).toBeCloseTo(expected[i], 3));
    placed.dispose();
  },
);

test.each(formats)('nearest keys in %s are those at the smallest distance of all', (format) => {
  const store = stores.get(format)!;
  const unpacked = store.keys.technique.unpack(
    store.keys.packed,
    { op: 'matmul', M: 1, N: 480, K: 32, weights: '', seed: 0 },
    store.keys.params,
  );
  const keys = 'W' in unpacked ? unpacked.W : new Float32Array();
  for (const own of [0, 17, 479]) {
    const state = Float64Array.from(keys.subarray(32 * own, 32 * (own + 1)));
    expect(searchFloat64(store)(state)[0].index).toBe(own);
  }
});

test('fewer entries than neighbours are all looked at', async () => {
  const store = await build('int8', planted.slice(0, 1));
  const placed = await placeModel({ ...model, datastore: store }, { ...backends.wasm, maxRows: 1, capacity: 30 });
  expect(placed.forward([1, 2, 3], 'last').every(Number.isFinite)).toBe(true);
  placed.dispose();
});

test('mixed chances add up to one, of which the share is what followed', () => {
  const logits = Float64Array.of(1, 2, -3);
  mixIn(
    logits,
    [
      { index: 0, value: 5 },
      { index: 1, value: 5 },
    ],
    Uint16Array.of(2, 2),
    { share: 0.25, temperature: 1 },
  );
  const powers = logits.map(Math.exp);
  const sum = powers.reduce((total, power) => total + power, 0);
  expect(powers[2] / sum).toBeCloseTo(0.25 + 0.75 * (Math.exp(-3) / (Math.exp(1) + Math.exp(2) + Math.exp(-3))), 12);
});

test('all that lies beside the model is counted', () => {
  // A byte a value, a scale of f16 for every 32, half of each key's squared length and what followed.
  expect(bytesOfDatastore(stores.get('int8')!)).toBe(480 * (32 + 2 + 4 + 2));
  expect(bytesOfDatastore(stores.get('f16')!)).toBe(480 * (64 + 4 + 2));
});
