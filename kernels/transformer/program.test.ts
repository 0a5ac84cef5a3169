import { expect, test } from 'vitest';
import { openWasm } from '../../bench/backends/wasm.ts';
import { openRecorder } from './program.ts';

/** Norms of rows of 4 values, each call by as many threads as there are rows. */
async function openNorms(threads: number, rows: number) {
  const wasm = await openWasm(128, threads);
  const opened = await wasm.open('transformer');
  const recorder = openRecorder(opened, wasm);
  const module = recorder.listenTo(opened);
  const [span, epsilon, ones] = [8, 4, 16].map(module.allocate);
  module.i32(span, 1)[0] = rows;
  module.f32(ones, 4).fill(1);
  const slot = () => module.allocate(16 * rows);
  const norm = (x: number, added: number, to: number) => () =>
    module.run('normRows', rows, span, x, 4, added, 4, 0, epsilon, ones, to, 0, 0, 0, 0);
  return { module, recorder, slot, norm };
}

test.each([1, 2, 3])('calls follow one another on %i threads, those of a stage in any order', async (threads) => {
  const { module, recorder, slot, norm } = await openNorms(threads, 5);
  const [x, y, a, b, c] = Array.from({ length: 5 }, slot);
  const run = recorder.record([[norm(x, 0, a), norm(y, 0, b)], [norm(a, b, c)]]);
  for (let times = 0; times < 3; times++) {
    module.f32(x, 20).fill(7 + times);
    module.f32(y, 20).fill(3);
    run();
    // Rows of one value become rows of 1; their sum, of 2, becomes 1 again.
    expect([...module.f32(a, 20)]).toEqual(Array(20).fill(2));
    for (const value of module.f32(c, 20)) expect(value).toBeCloseTo(1, 6);
  }
  module.close();
});

test('a share that traps on any thread ends the whole', async () => {
  const { module, recorder, slot, norm } = await openNorms(2, 8);
  const outside = 2 ** 32 - 64;
  const run = recorder.record([[norm(slot(), 0, slot())], [norm(outside, 0, slot())], [norm(slot(), 0, slot())]]);
  expect(run).toThrow('wasm: conduct must not trap');
  module.close();
});
