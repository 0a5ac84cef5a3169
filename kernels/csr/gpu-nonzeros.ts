// Nonzeros as gpu.js keeps them.
import type { Resident } from '../../bench/contract/runtimes/gpujs.ts';
import { UnsupportedError } from '../../bench/contract/unsupported-error.ts';

export function largestRow(rowPtr: Uint32Array): number {
  let largest = 0;
  for (let n = 1; n < rowPtr.length; n++) largest = Math.max(largest, rowPtr[n] - rowPtr[n - 1]);
  return largest;
}

const EXACT_INTEGERS = 2 ** 24;

export function assertExact(nonzeros: number): void {
  if (nonzeros <= EXACT_INTEGERS) return;
  throw new UnsupportedError(`csr: gpu.js counts nonzeros to ${EXACT_INTEGERS} at most, got ${nonzeros}`);
}

/** gpu.js has f32 buffers only, which hold integers to 2²⁴; and none may be empty. */
export function asResident(values: Float32Array | Uint16Array | Uint32Array): Resident {
  assertExact(values.length);
  return {
    size: [Math.max(1, values.length)],
    values: values.length === 0 ? new Float32Array(1) : Float32Array.from(values),
  };
}
