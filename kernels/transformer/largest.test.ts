import { expect, test } from 'vitest';
import { openWasm } from '../../bench/backends/wasm.ts';
import type { Transformer, TransformerShape } from '../../bench/contract/transformer.ts';
import { seededRandom } from '../../bench/statistics/random.ts';
import { tsTransformer } from './ts.ts';
import { wasmTransformer } from './wasm.ts';

const shape: TransformerShape = {
  maxRows: 2,
  capacity: 4,
  heads: 1,
  keyValueHeads: 1,
  headDim: 4,
  normEpsilon: 1e-5,
  cache: { keys: 'f32', values: 'f32', isTurned: false },
  rotation: { cos: new Float32Array(8), sin: new Float32Array(8) },
};
const transformers = {
  ts: async () => tsTransformer(shape),
  wasm: async () => (await wasmTransformer(shape, await openWasm(128, 1))).transformer,
  'wasm-mt': async () => (await wasmTransformer(shape, await openWasm(128, 3))).transformer,
};

const { uniform } = seededRandom(1);
/** Few different ones, so that many are equal. */
const drawn = (length: number, steps: number) => Float32Array.from({ length }, () => Math.floor(steps * uniform()));

test.each(
  Object.keys(transformers).flatMap((backend) =>
    [
      [1, 1],
      [7, 3],
      [101, 32],
      [4096, 32],
    ].flatMap(([columns, count]) => [4, 1000].map((steps) => ({ backend, columns, count, steps }))),
  ),
)(
  'the $count largest of $columns are found on $backend, of equal ones the first ($steps)',
  async ({ backend, columns, count, steps }) => {
    const transformer = await transformers[backend as keyof typeof transformers]();
    // Each kind of transformer has slots of its own.
    const find = <Slot>(it: Transformer<Slot>) => {
      const slot = it.slot(columns);
      const less = drawn(columns, steps);
      const nearest = it.largest(slot, less, count, 2);
      const rows = [drawn(columns, steps), drawn(columns, steps)];
      for (const [row, values] of rows.entries()) it.write(slot, row, values);
      nearest.run({ rows: 2, position: 0 });
      for (const [row, values] of rows.entries()) {
        const sorted = Array.from(values, (value, index) => ({ index, value: value - less[index] })).sort(
          (a, b) => b.value - a.value || a.index - b.index,
        );
        expect(nearest.read(row)).toEqual(sorted.slice(0, count));
      }
      it.dispose();
    };
    if ('slot' in transformer) find(transformer as Parameters<typeof find>[0]);
  },
);
