import { expect, test } from 'vitest';
import csr from '../../kernels/csr/technique.ts';
import dense from '../../kernels/dense/technique.ts';
import int4 from '../../kernels/int4/technique.ts';
import { openWasm } from '../backends/wasm.ts';
import { EMBEDDING, linearLayers } from '../contract/model.ts';
import type { Wasm, WasmModule } from '../contract/runtimes/wasm.ts';
import { type Choice, packModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';

const weights = randomModel(smallConfig, 8);
const uncompressed = packModel(weights, dense, () => undefined);
const tokens = Array.from({ length: 21 }, (_, i) => (5 * i + i * i) % smallConfig.vocabularySize);
const choices: Choice[] = [
  { technique: int4, params: { groupSize: 32, transform: 'smooth' } },
  { technique: int4, params: { groupSize: 32, activations: 'int8' } },
  { technique: csr, params: { sparsity: 0.5 } },
];
const calibration = ({ K }: { K: number }) => ({
  X: Float32Array.from({ length: 9 * K }, (_, i) => Math.sin(i)),
  rows: 9,
});
const backends = {
  ts: { kind: 'ts', runtime: undefined },
  wasm: { kind: 'wasm', runtime: await openWasm(128, 1) },
  'wasm-mt': { kind: 'wasm', runtime: await openWasm(128, 2) },
} as const;

test.each(['ts', 'wasm', 'wasm-mt'] as const)(
  'a layer that is exchanged on %s computes what it does in a model placed anew',
  async (backend) => {
    const placement = { ...backends[backend], maxRows: 8, capacity: 24 };
    const placed = await placeModel(uncompressed, placement);
    const before = placed.forward(tokens, 'all');
    for (const [i, { name }] of linearLayers(smallConfig).entries()) {
      const packed = packModel(
        weights,
        dense,
        (layer) => (layer.name === name ? choices[i % 3] : undefined),
        calibration,
      );
      const layer = linearLayers(smallConfig).find((each) => each.name === name)!;
      const exchanged = await placed.withLayers(new Map([[name, packed.pack(layer)]]));
      const anew = await placeModel(packed, placement);
      expect(exchanged.forward(tokens, 'all')).toEqual(anew.forward(tokens, 'all'));
      exchanged.dispose();
      anew.dispose();
    }
    placed.truncate(0);
    expect(placed.forward(tokens, 'all')).toEqual(before);
    placed.dispose();
  },
);

test('however many layers are tried one after another, WebAssembly’s memory grows no further', async () => {
  const modules: WasmModule[] = [];
  const runtime: Wasm = {
    ...backends.wasm.runtime,
    async open(technique) {
      modules.push(await backends.wasm.runtime.open(technique));
      return modules.at(-1)!;
    },
  };
  // Wide, so that a try takes many of the pages by which memory grows.
  const wide = randomModel({ ...smallConfig, feedForwardSize: 4096 }, 2);
  const placed = await placeModel(
    packModel(wide, dense, () => undefined),
    { kind: 'wasm', runtime, maxRows: 8, capacity: 24 },
  );
  const packed = packModel(wide, dense, () => choices[1]);
  const bytes = () => modules[0].u8(0, 1).buffer.byteLength;
  const tryAll = async () => {
    for (const layer of linearLayers(wide.config)) {
      const exchanged = await placed.withLayers(new Map([[layer.name, packed.pack(layer)]]));
      exchanged.forward(tokens, 'last');
      exchanged.dispose();
    }
  };
  const alone = bytes();
  await tryAll();
  const once = bytes();
  for (let i = 0; i < 5; i++) await tryAll();
  expect(modules).toHaveLength(1);
  expect(once).toBeGreaterThan(alone);
  expect(bytes()).toBe(once);
  placed.dispose();
});

test('a layer that no kernel takes leaves the model as it was', async () => {
  const placed = await placeModel(uncompressed, { ...backends.wasm, maxRows: 8, capacity: 24 });
  const before = placed.forward(tokens, 'last').slice();
  const nothing = { technique: { ...dense, kernels: {} }, params: {}, packed: undefined };
  await expect(placed.withLayers(new Map([[EMBEDDING, nothing]]))).rejects.toThrow('must have a wasm kernel, got none');
  placed.truncate(0);
  expect(placed.forward(tokens, 'last')).toEqual(before);
  placed.dispose();
});
