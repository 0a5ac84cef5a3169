import type { MlpProblem } from '../../bench/contract/problem.ts';
import type { Gpu } from '../../bench/contract/runtimes/gpujs.ts';
import type { Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { KernelContext } from '../../bench/contract/technique.ts';
import { type Chain, type ChainKernel, prepareChain } from '../dense/gpu-chain.ts';
import { prepareWgslChain } from '../dense/wgsl-chain.ts';
import type { DenseMlpWeights } from './weights.ts';
import { totalBytes } from './weights.ts';

type Context<Runtime> = KernelContext<'mlp', DenseMlpWeights, unknown, Runtime>;
type Prepared = Promise<ChainKernel>;

/** Product, bias and ReLU, product: three steps. */
export const gpuSeparateMlp = ({ runtime, ...context }: Context<Gpu>): Prepared =>
  prepareChain(runtime, chainOf(context, false));
export const wgslSeparateMlp = ({ runtime, ...context }: Context<Wgsl>): Prepared =>
  prepareWgslChain(runtime, chainOf(context, false));

/** The threads of the first product do bias and ReLU before they return. */
export const gpuFusedMlp = ({ runtime, ...context }: Context<Gpu>): Prepared =>
  prepareChain(runtime, chainOf(context, true));
export const wgslFusedMlp = ({ runtime, ...context }: Context<Wgsl>): Prepared =>
  prepareWgslChain(runtime, chainOf(context, true));

function chainOf(
  { packed, problem }: { readonly packed: DenseMlpWeights; readonly problem: MlpProblem },
  isFused: boolean,
): Chain {
  const { M, N, K, hidden: inner } = problem;
  const { W1: first, b1: bias, W2: second } = packed;
  return { M, N, K, inner, first, second, relu: { bias, isFused }, storedBytes: totalBytes(packed) };
}
