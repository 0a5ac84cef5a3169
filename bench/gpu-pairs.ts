// What kernels on the WebGPU adapter gain over one another, also across the two backends that a run never pairs: both
// sides of each pair in one process, timed in turn, several processes. `node bench/gpu-pairs.ts [processes] [part of a name]`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openGpu } from './backends/gpujs.ts';
import { openWgslDevice } from './backends/gpujs-device.ts';
import { webGpuStatus } from './backends/webgpu-adapter.ts';
import { KERNELS_DIR, loadTechnique } from './cases/registry.ts';
import { programArguments } from './commands/program-arguments.ts';
import { InputError } from './contract/input-error.ts';
import type { Params } from './contract/technique.ts';
import { makeInputs } from './inputs/make-inputs.ts';
import { syntheticMatmul } from './inputs/model-problems.ts';
import { checkOutput } from './measure/check.ts';
import { pairedRatio } from './measure/figures.ts';
import { measureInTurn } from './measure/in-turn.ts';
import { prepare, runOnce } from './measure/instance.ts';
import { timerResolutionNs } from './measure/timer-resolution.ts';
import { quantile } from './statistics/quantile.ts';

interface Side {
  readonly technique: string;
  readonly kind: 'gpujs' | 'wgsl';
  readonly params: Params;
}

/** Kernels in gpu.js's own language, and in WGSL. */
const generated = (technique: string, params: Params = {}): Side => ({ technique, kind: 'gpujs', params });
const handWritten = (technique: string, params: Params = {}): Side => ({ technique, kind: 'wgsl', params });
const CSR = { sparsity: 0.9 };
const PREFILL = syntheticMatmul(512, 512, 512);
const FEW_ROWS = syntheticMatmul(4, 1024, 1024);
const DECODE = syntheticMatmul(1, 4096, 4096);

/** The first side is asked how much faster it is than the second. */
const PAIRS = {
  'generated dense / README form': [generated('dense'), generated('readme-matmul'), PREFILL],
  'WGSL dense / generated dense': [handWritten('dense'), generated('dense'), PREFILL],
  'generated CSR 90 % / generated dense': [generated('csr', CSR), generated('dense'), PREFILL],
  'WGSL CSR 90 % / WGSL dense': [handWritten('csr', CSR), handWritten('dense'), PREFILL],
  'generated 2:4 / generated dense': [generated('sparse-2-4'), generated('dense'), PREFILL],
  'WGSL 2:4 / WGSL dense': [handWritten('sparse-2-4'), handWritten('dense'), PREFILL],
  'generated 2:4 / generated dense, M=4': [generated('sparse-2-4'), generated('dense'), FEW_ROWS],
  'WGSL 2:4 / WGSL dense, M=4': [handWritten('sparse-2-4'), handWritten('dense'), FEW_ROWS],
  'generated 2:4 / generated dense, M=1': [generated('sparse-2-4'), generated('dense'), DECODE],
  'WGSL 2:4 / WGSL dense, M=1': [handWritten('sparse-2-4'), handWritten('dense'), DECODE],
} as const;

const pairNames = Object.keys(PAIRS);
const CHILD = '--child';
const BUDGET = { warmupMs: 50, measureMs: 1500, rounds: 25 };

if (process.argv[2] === CHILD) await answer(process.argv[3] as keyof typeof PAIRS, Number(process.argv[4]));
else {
  const { processes, part } = await programArguments(
    'gpu-pairs',
    '$0 [processes] [part]\n\nHow many times as fast kernels on the WebGPU adapter are as one another, in turn in one process.',
    (yargs) =>
      yargs.command('$0 [processes] [part]', false, (line) =>
        line
          .positional('processes', { type: 'number', default: 5, describe: 'processes a pair' })
          .positional('part', { type: 'string', default: '', describe: `part of a name of:\n${pairNames.join('\n')}` })
          .check(checkArguments),
      ),
  );
  await ask(Number(processes), String(part));
}

function checkArguments({ processes, part }: { processes: number; part: string }): true {
  if (!(Number.isInteger(processes) && processes > 0))
    throw new InputError(`processes: must be a count, got ${processes}`);
  if (pairNames.some((name) => name.includes(part))) return true;
  throw new InputError(`part: must be part of a pair's name, got ${part}`);
}

async function ask(processes: number, part: string): Promise<void> {
  const status = await webGpuStatus();
  if (!status.available) {
    process.stderr.write(`gpu-pairs: ${status.reason}\n`);
    process.exitCode = 1;
    return;
  }
  console.log(`${status.adapter}; median of ${processes} processes [lowest, highest]`);
  for (const name of pairNames.filter((candidate) => candidate.includes(part))) {
    const ratios: number[] = [];
    for (let seed = 0; seed < processes; seed++) {
      const child = fork(import.meta.filename, [CHILD, name, `${seed}`], { env: { ...process.env, ...status.env } });
      const exit = once(child, 'close').then(([code, signal]) => {
        throw new Error(`${name}: must answer before it exits, got ${signal ?? code}`);
      });
      const [ratio] = await Promise.race([once(child, 'message'), exit]);
      exit.catch(() => {});
      ratios.push(Number(ratio));
    }
    const [low, median, high] = [0, 0.5, 1].map((share) => quantile(ratios, share).toFixed(2));
    console.log(`${name.padEnd(40)}${median.padStart(6)} [${low}, ${high}]`);
  }
}

async function answer(name: keyof typeof PAIRS, seed: number): Promise<void> {
  const [ours, theirs, problem] = PAIRS[name];
  const inputs = makeInputs(problem);
  const kernels = [];
  for (const { technique: id, kind, params } of [ours, theirs]) {
    const technique = await loadTechnique(id, [KERNELS_DIR]);
    const runtime = kind === 'gpujs' ? await openGpu('webgpu') : await openWgslDevice();
    const place = { kind, device: 'gpu', runtime } as const;
    const { kernel, reference } = await prepare(technique, params, { problem }, inputs, place);
    const { failure } = checkOutput(await runOnce(kernel), reference);
    if (failure !== undefined) throw new Error(`${name}: ${id}: ${failure}`);
    kernels.push(kernel);
  }
  const instruments = { now: () => performance.now(), timerResolutionNs: timerResolutionNs() };
  const { sides } = await measureInTurn(kernels, { budget: BUDGET, seed, instruments });
  const { speedup } = pairedRatio({ candidate: sides[0], baseline: sides[1] });
  process.send?.(speedup, undefined, undefined, () => process.exit(0));
}
