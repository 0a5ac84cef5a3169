import type { Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import type { LowRank } from '../corrections/low-rank.ts';
import { prepareWgslChain } from '../dense/wgsl-chain.ts';
import { lowRankBytes } from './pack.ts';

type Context = KernelContext<'matmul', LowRank, Record<never, never>, Wgsl>;

export function wgslLowRank({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const inner = packed.down.length / problem.K;
  const storedBytes = lowRankBytes(packed);
  return prepareWgslChain(runtime, { ...problem, inner, first: packed.down, second: packed.up, storedBytes });
}
