import type { Calibration } from '../../bench/contract/calibration.ts';
import type { MatmulShape } from '../grid/layout.ts';
import { pruneByMagnitude } from './magnitude.ts';
import type { MaskRule, Pruned } from './mask.ts';
import { sparsegpt } from './sparsegpt.ts';
import { wanda } from './wanda.ts';

/** The methods that choose which weights stay, the neutral one first. */
export const maskMethods = ['magnitude', 'wanda', 'sparsegpt'] as const;
export type MaskMethod = (typeof maskMethods)[number];

/** The method that parameters name; the neutral one where they name none. */
export function maskMethodOf(params: object): MaskMethod {
  return 'method' in params ? (params.method as MaskMethod) : 'magnitude';
}

/** Throws where a method that looks at activations is given none. */
export function prune(
  W: Float32Array,
  shape: MatmulShape,
  rule: MaskRule,
  method: MaskMethod,
  calibration: Calibration | undefined,
): Pruned {
  if (method === 'magnitude') return pruneByMagnitude(W, shape, rule);
  if (calibration === undefined) throw new Error(`calibration: must be given for method=${method}, got none`);
  switch (method) {
    case 'wanda':
      return wanda(W, shape, rule, calibration);
    case 'sparsegpt':
      return sparsegpt(W, shape, rule, calibration);
    default:
      throw new Error(`method: must be one of ${maskMethods.join(', ')}, got ${method satisfies never}`);
  }
}
