// How many threads a WebAssembly kernel runs on must not show in its output, not in one bit.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openWasm } from '../bench/backends/wasm.ts';
import { openArena } from '../bench/backends/wasm-arena.ts';
import { wasmFile } from '../bench/backends/wasm-file.ts';
import { instantiate } from '../bench/backends/wasm-instance.ts';
import { shareStart } from '../bench/backends/wasm-job.ts';
import { newMemory } from '../bench/backends/wasm-memory.ts';
import { KERNELS_DIR, loadTechniques } from '../bench/cases/registry.ts';
import type { ActivationsOf, LayerOp, Op, Problem, WeightsOf } from '../bench/contract/problem.ts';
import type { Wasm } from '../bench/contract/runtimes/wasm.ts';
import { type Params, paramGrid, type Technique } from '../bench/contract/technique.ts';
import { calibrationFor } from '../bench/inputs/make-calibration.ts';
import { makeInputs } from '../bench/inputs/make-inputs.ts';

const WIDTH = 128;

/** Runs the shares of so many threads one after another, the last first: as threads may well come to take them. */
function openInTurn(threads: number): Wasm {
  const open = (technique: string) => {
    const memory = newMemory();
    const add = (module: WebAssembly.Module) => {
      const exports = instantiate(module, memory);
      return (name: string, count: number, ...args: number[]) => {
        for (let i = threads - 1; i >= 0; i--) {
          exports[name](shareStart(count, i, threads), shareStart(count, i + 1, threads), ...args);
        }
      };
    };
    return openArena(memory, { add, close() {} }, compile)(technique);
  };
  return { width: WIDTH, threads, NR: WIDTH / 16, open };
}

const compile = async (technique: string) => WebAssembly.compile(readFileSync(wasmFile(technique, WIDTH)));

async function outputOf(technique: Technique, params: Params, problem: Problem, runtime: Wasm): Promise<Uint32Array> {
  const inputs = makeInputs(problem);
  const weights: WeightsOf<Op> = inputs.weights;
  const activations: ActivationsOf<Op> = inputs.activations;
  const packed = technique.pack(weights, problem, params, calibrationFor(technique, params, problem));
  const kernel = await technique.kernels.wasm!({ packed, problem, params, runtime });
  await kernel.upload(activations);
  await kernel.run();
  await kernel.run();
  const output = (await kernel.readOutput()).slice();
  kernel.dispose();
  return new Uint32Array(output.buffer);
}

const common = { weights: 'synthetic', seed: 0 } as const;
const matmul = (M: number, N: number, K: number): Problem => ({ op: 'matmul', M, N, K, ...common });
const attention = (M: number, seqLen: number, heads: number, causal: boolean): Problem => {
  return { op: 'attention', M, seqLen, heads, headDim: 20, causal, ...common };
};
const mlp = (M: number, N: number, K: number, hidden: number): Problem => ({ op: 'mlp', M, N, K, hidden, ...common });
const moe = (M: number, K: number, hidden: number, experts: number): Problem => {
  return { op: 'moe', M, K, hidden, experts, topK: 2, ...common };
};
const problems: { readonly [O in LayerOp]: readonly Problem[] } = {
  // Fewer and more columns than threads have panels.
  matmul: [
    ...[matmul(1, 13, 70), matmul(1, 131, 261), matmul(37, 13, 70), matmul(37, 131, 600)],
    // What has blocks of its own takes these alone.
    ...[matmul(1, 131, 512), matmul(37, 13, 256)],
  ],
  // One row; fewer and more hidden values than threads have panels; more rows than are taken together.
  mlp: [mlp(1, 131, 70, 261), mlp(37, 131, 70, 13), mlp(200, 13, 70, 261)],
  // One row; experts of a row or none; of more rows than are taken together.
  moe: [moe(1, 70, 131, 5), moe(37, 70, 13, 40), moe(200, 70, 131, 3)],
  // Decode over one part of the keys and over several; few and many rows, of few and many heads.
  attention: [
    attention(1, 100, 1, false),
    attention(1, 1500, 3, false),
    attention(5, 100, 1, true),
    attention(37, 150, 1, true),
    attention(37, 150, 4, false),
  ],
};

const techniques = [...(await loadTechniques([KERNELS_DIR]))].filter(([, { kernels }]) => kernels.wasm !== undefined);
const kernels = techniques.flatMap(([id, technique]) =>
  paramGrid(technique.axes).map((params) => ({ name: [id, ...Object.values(params)].join(' '), technique, params })),
);

test.each(kernels)('$name computes the same bits for 1, 2, 3 and 5 threads', async ({ technique, params }) => {
  for (const problem of problems[technique.op]) {
    if (technique.skip?.(problem, params) !== undefined) continue;
    const alone = await outputOf(technique, params, problem, openInTurn(1));
    for (const threads of [2, 3, 5]) {
      const shared = await outputOf(technique, params, problem, openInTurn(threads));
      expect(shared, `${threads} threads at ${JSON.stringify(problem)}`).toEqual(alone);
    }
  }
});

test.each(kernels.filter(({ technique }) => technique.op === 'attention'))(
  '$name computes the same bits on threads that run at once',
  async ({ technique, params }) => {
    const problem = attention(1, 1500, 3, false);
    const alone = await outputOf(technique, params, problem, await openWasm(WIDTH, 1));
    for (const threads of [2, 5]) {
      expect(await outputOf(technique, params, problem, await openWasm(WIDTH, threads))).toEqual(alone);
    }
  },
);
