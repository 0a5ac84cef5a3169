import type { Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { csrBytes, type PackedCsr } from './pack.ts';
import { INT8_PAIRS, prepareWgslSparse } from './wgsl-sparse.ts';

type Context = KernelContext<'matmul', PackedCsr, Record<string, unknown>, Wgsl>;

export function wgslCsr({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  // values [pairs] of two f32 (or two int8 with scales [N]), columns [pairs] of two u16 (or u32), firstPairs [N+1] → Y
  const isNarrow = packed.colIdx instanceof Uint16Array;
  const isRounded = 'scales' in packed;
  const pairs = pairUp(packed);
  return prepareWgslSparse(runtime, problem, {
    storedBytes: csrBytes(packed),
    paddedK: problem.K,
    isScaled: isRounded,
    resident: {
      values: [isRounded ? 'array<u32>' : 'array<vec2f>', pairs.values],
      columns: [isNarrow ? 'array<u32>' : 'array<vec2u>', pairs.columns],
      firstPairs: ['array<u32>', pairs.firstPairs],
      ...(isRounded && { scales: ['array<f32>', packed.scales] as const }),
    },
    code: `${isRounded ? INT8_PAIRS : ''}
fn firstPair(n : u32) -> u32 { return firstPairs[n]; }
fn pairAt(pair : u32, n : u32) -> Pair {
  let column = columns[pair];
  return Pair(${isRounded ? 'weightsAt(pair)' : 'values[pair]'}, ${isNarrow ? 'vec2u(column & 65535u, column >> 16u)' : 'column'});
}`,
  });
}

/** Every row filled up to whole pairs by a zero of column 0. */
function pairUp({ values, colIdx, rowPtr }: PackedCsr) {
  const rows = rowPtr.length - 1;
  const firstPairs = new Uint32Array(rows + 1);
  for (let n = 0; n < rows; n++) firstPairs[n + 1] = firstPairs[n] + Math.ceil((rowPtr[n + 1] - rowPtr[n]) / 2);
  const length = 2 * firstPairs[rows];
  const paired = {
    values: values instanceof Int8Array ? new Int8Array(length) : new Float32Array(length),
    columns: colIdx instanceof Uint16Array ? new Uint16Array(length) : new Uint32Array(length),
    firstPairs,
  };
  for (let n = 0; n < rows; n++) {
    paired.values.set(values.subarray(rowPtr[n], rowPtr[n + 1]), 2 * firstPairs[n]);
    paired.columns.set(colIdx.subarray(rowPtr[n], rowPtr[n + 1]), 2 * firstPairs[n]);
  }
  return paired;
}
