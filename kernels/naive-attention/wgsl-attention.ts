// What the WGSL kernels of both attentions have in common: Q [heads,M,paddedDim] goes in, O [heads,M,headDim] comes out.

import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { GpuBuffer } from '../../bench/contract/runtimes/gpujs.ts';
import type { Wgsl, WgslProgram } from '../../bench/contract/runtimes/wgsl.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';

export interface WgslAttention {
  readonly variant?: string;
  /** Bytes of K and V as they come. What the kernel's own form of them takes beyond counts as workspace. */
  readonly storedBytes: number;
  /** headDim rounded up; queries beyond are zero. */
  readonly paddedDim: number;
  build(program: WgslProgram, Q: GpuBuffer): Promise<GpuBuffer>;
}

/** Scores of keys a query must not see: far below any score, and finite, so that no difference of two is NaN. */
export const HIDDEN = '-1e30';

export async function prepareWgslAttention(
  wgsl: Wgsl,
  { heads, M, headDim }: AttentionProblem,
  { variant, storedBytes, paddedDim, build }: WgslAttention,
): Promise<PreparedKernel<'attention'>> {
  const program = wgsl.createProgram();
  const input = program.input([paddedDim, heads * M]);
  const output = await build(program, input);
  const padded = new Float32Array(heads * M * paddedDim);
  return {
    upload: ({ Q }) => {
      for (let row = 0; row < heads * M; row++) {
        padded.set(Q.subarray(row * headDim, (row + 1) * headDim), row * paddedDim);
      }
      return program.upload(input, padded);
    },
    run: () => program.run(),
    deviceSpan: program.deviceSpan,
    readOutput: () => program.read(output),
    variant,
    workspaceBytes: program.intermediateBytes + Math.max(0, program.residentBytes - storedBytes),
    get deviceBytes() {
      return program.deviceBytes;
    },
    dispose: () => program.dispose(),
  };
}
