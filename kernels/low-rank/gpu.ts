import type { Gpu } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import type { LowRank } from '../corrections/low-rank.ts';
import { prepareChain } from '../dense/gpu-chain.ts';
import { lowRankBytes } from './pack.ts';

type Context = KernelContext<'matmul', LowRank, Record<string, unknown>, Gpu>;

export function gpuLowRank({ packed, problem, runtime }: Context): Promise<PreparedKernel<'matmul'>> {
  const inner = packed.down.length / problem.K;
  const storedBytes = lowRankBytes(packed);
  return prepareChain(runtime, { ...problem, inner, first: packed.down, second: packed.up, storedBytes });
}
