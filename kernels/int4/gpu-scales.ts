import type { Resident } from '../../bench/contract/runtimes/gpujs.ts';
import { roundUp } from '../dense/gpu-matmul.ts';

/** [paddedN, groups] f32. */
export function paddedScales(scales: Float16Array | Float32Array, N: number, groups: number): Resident {
  const values = new Float32Array(roundUp(N, 4) * groups);
  values.set(scales);
  return { size: [groups, roundUp(N, 4)], values };
}
