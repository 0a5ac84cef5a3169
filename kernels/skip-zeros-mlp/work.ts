import type { MlpProblem } from '../../bench/contract/problem.ts';
import type { Work } from '../../bench/contract/technique.ts';
import { totalBytes } from '../mlp/weights.ts';
import type { SkippingWeights } from './pack.ts';

/** Of a call in which row m kept the hidden values `keptOf(m)`. Weights that no row has use for are not read. */
export function workOf(
  { M, N, K, hidden }: MlpProblem,
  packed: SkippingWeights,
  keptOf: (m: number) => Uint16Array,
): Work {
  const read = new Uint8Array(hidden);
  let kept = 0;
  for (let m = 0; m < M; m++) {
    const columns = keptOf(m);
    kept += columns.length;
    for (const h of columns) read[h] = 1;
  }
  const unread = hidden - read.reduce((sum, one) => sum + one, 0);
  return { flops: 2 * (M * hidden * K + kept * N), weightBytes: totalBytes(packed) - 4 * unread * N };
}
