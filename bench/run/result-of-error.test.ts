import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { allocator, newMemory } from '../backends/wasm-memory.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import { resultOfError } from './result-of-error.ts';

beforeEach(() => void vi.spyOn(console, 'error').mockReturnValue());
afterEach(() => vi.restoreAllMocks());

test.each([
  [new UnsupportedError('csr: on wasm K may be 65536, got 70000'), 'unsupported'],
  [new Error('output buffer needs 9000000000 bytes but this device allows 2147483648'), 'unsupported'],
  [new Error('Argument texture width of 20000 larger than maximum size of 16384 for your GPU'), 'unsupported'],
  [new RangeError('WebAssembly.Memory(): could not allocate memory'), 'oom'],
  [new Error('WebGPU: out of memory: VK_ERROR_OUT_OF_DEVICE_MEMORY'), 'oom'],
  [new RangeError('Array buffer allocation failed'), 'oom'],
  [new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory'), 'oom'],
  [new RangeError('Invalid array length'), 'error'],
  [new TypeError('x is not a function'), 'error'],
  ['a string', 'error'],
])('%s is %s', (error, status) => {
  expect(resultOfError(error)).toMatchObject({ status });
});

test('WebAssembly that would need more than 4 GiB says so before it takes any', () => {
  const { allocate } = allocator(newMemory());
  expect(() => allocate(5 * 2 ** 30)).toThrow(UnsupportedError);
  expect(allocate(8)).toBeGreaterThan(0);
});
