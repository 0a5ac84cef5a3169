import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { GridLayout } from '../grid/layout.ts';
import type { QuantizedKeyValues } from './cache.ts';

/** What kernels of a quantised cache are told. */
export interface KvCacheContext<Runtime> {
  readonly packed: QuantizedKeyValues;
  readonly layout: GridLayout;
  readonly problem: AttentionProblem;
  /** Values along headDim of which keys were transformed together, and queries must be; undefined where none were. */
  readonly hadamard: number | undefined;
  readonly runtime: Runtime;
}
