import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { shippedWasmFolders } from './compile-wasm.ts';
import { openWasm } from './wasm.ts';
import { openArena } from './wasm-arena.ts';
import { constantsAddress, newMemory } from './wasm-memory.ts';

/** The eight bytes that every module begins with, and no more. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const shipped = shippedWasmFolders().map((folder) => basename(folder));

/** y = x·w with the dense kernel of one row, at K = 1: y[n] = x · w[n]. */
function multiply(threads: number, open: Awaited<ReturnType<typeof openWasm>>['open']) {
  return open('dense').then((module) => {
    const [x, w, y] = [4, 4 * 8 * threads, 4 * 8 * threads].map(module.allocate);
    module.f32(x, 1)[0] = 3;
    module.f32(w, 8 * threads).set(Float32Array.from({ length: 8 * threads }, (_, i) => i));
    return {
      module,
      run() {
        module.run('gemv', threads, x, w, y, 1, 8);
        return [...module.f32(y, 8 * threads)];
      },
    };
  });
}

test.each([1, 2, 3])('modules opened beside one another share memory and %i threads', async (threads) => {
  const wasm = await openWasm(128, threads);
  const first = await wasm.open('canary');
  const products = await multiply(threads, first.beside);
  const again = await multiply(threads, products.module.beside);
  const expected = Array.from({ length: 8 * threads }, (_, i) => 3 * i);
  expect(products.run()).toEqual(expected);
  // One that threads have not met before, between calls of one they have.
  const int8 = await first.beside('int8');
  int8.run('probeDot', 1, int8.allocate(48));
  first.close();
  products.module.close();
  expect(again.run()).toEqual(expected);
  expect(products.module.f32(0, 8).buffer).toBe(again.module.f32(0, 8).buffer);
  int8.close();
  again.module.close();
});

test('modules over one memory keep their constants apart', async () => {
  const first = await (await openWasm(128, 1)).open('canary');
  await expect(Promise.all(shipped.map(first.beside))).resolves.toHaveLength(shipped.length);
  expect(constantsAddress('ab')).toBe(constantsAddress('bA'));
  const alone = newMemory();
  const beside = openArena(alone, { add: () => () => {}, close() {} }, async () => new WebAssembly.Module(EMPTY));
  await beside('ab');
  await expect(beside('bA')).rejects.toThrow("bA: must have constants of its own, got the place of ab's");
});

test('modules that are opened apart have memories of their own', async () => {
  const wasm = await openWasm(128, 1);
  const [a, b] = [await wasm.open('dense'), await wasm.open('dense')];
  expect(a.f32(0, 1).buffer).not.toBe(b.f32(0, 1).buffer);
});

test('what is not compiled is told by name', async () => {
  const wasm = await openWasm(128, 2);
  await expect(wasm.open('nothing')).rejects.toThrow(/^nothing: must be compiled/);
});
