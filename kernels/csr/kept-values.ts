// How a pruned format stores the weights it keeps: as f32, or as int8 with a scale for each row of W.
import type { MatmulShape } from '../grid/layout.ts';
import type { Pruned } from '../methods/mask.ts';

/** The neutral one first. */
export const keptValues = ['f32', 'int8'] as const;
export type KeptValues = (typeof keptValues)[number];

/** What parameters name; f32 where they name nothing. */
export function keptValuesOf(params: object): KeptValues {
  return 'values' in params ? (params.values as KeptValues) : 'f32';
}

/** Bits of a kept weight, as the result row shows them. */
export function keptBits(params: object): number {
  return keptValuesOf(params) === 'int8' ? 8 : 32;
}

/** What rounding kept weights to int8 may cost on top of dropping the others, in dB. */
export function keptAllowanceDb(params: object): number {
  return keptValuesOf(params) === 'int8' ? 0.5 : 0;
}

const INT8_MAX = 127;

export interface RoundedRows extends Pruned {
  /** [N] f32 */
  readonly scales: Float32Array;
}

/** The kept weights of each row as whole numbers, the largest magnitude as ±127; what that leaves of a weight may be 0. */
export function roundRows({ W, mask }: Pruned, { N, K }: MatmulShape): RoundedRows {
  const rounded = new Float32Array(N * K);
  const scales = new Float32Array(N);
  for (let n = 0; n < N; n++) {
    let largest = 0;
    for (let i = n * K; i < (n + 1) * K; i++) if (mask[i] === 1) largest = Math.max(largest, Math.abs(W[i]));
    scales[n] = largest / INT8_MAX;
    if (scales[n] === 0) continue;
    for (let i = n * K; i < (n + 1) * K; i++) if (mask[i] === 1) rounded[i] = toInt8(W[i] / scales[n]);
  }
  return { W: rounded, mask, scales };
}

/** A scale that is itself rounded, or subnormal, may leave a little more than 127. */
function toInt8(value: number): number {
  return Math.max(-INT8_MAX, Math.min(INT8_MAX, Math.round(value)));
}
