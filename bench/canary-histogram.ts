// How the canary tells a shared core from a free one: samples of kernels that a neighbour slows down, by what the canary
// read beside them. `node bench/canary-histogram.ts [seconds]`. Needs a machine that is shared some of the time: one
// whose other hardware threads are busy (another virtual machine's, or your own with `taskset -c`).
import { openWasm } from './backends/wasm.ts';
import { KERNELS_DIR, loadTechnique } from './cases/registry.ts';
import type { Params } from './contract/technique.ts';
import { makeInputs } from './inputs/make-inputs.ts';
import { syntheticMatmul } from './inputs/model-problems.ts';
import { openCanary } from './measure/canary/canary.ts';
import { prepare } from './measure/instance.ts';
import { type Sample, type Side, timeRound } from './measure/round.ts';
import { timerResolutionNs } from './measure/timer-resolution.ts';
import { warmUp } from './measure/warm-up.ts';
import { quantile } from './statistics/quantile.ts';

const KERNELS: readonly (readonly [string, Params])[] = [
  ['dense', {}],
  ['csr', { sparsity: 0.9 }],
  ['sparse-2-4', {}],
];
const PROBLEM = syntheticMatmul(64, 768, 256);
const BINS = [1, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.75, 2, 3];
const TURN_MS = 10;

const instruments = {
  now: () => performance.now(),
  timerResolutionNs: timerResolutionNs(),
  preemptions: () => process.resourceUsage().involuntaryContextSwitches,
  canary: await openCanary(),
};
if (instruments.canary === undefined) throw new Error('canary: must be compiled; npm run build:wasm');
const place = { kind: 'wasm', device: 'cpu', runtime: await openWasm(128, 1) } as const;
const sides: Side[] = [];
for (const [id, params] of KERNELS) {
  const technique = await loadTechnique(id, [KERNELS_DIR]);
  const { kernel } = await prepare(technique, params, { problem: PROBLEM }, makeInputs(PROBLEM), place);
  sides.push({ ...(await warmUp(kernel, 100, instruments)), batch: 1 });
}
const samples: Sample[][] = sides.map(() => []);
const end = performance.now() + 1000 * Number(process.argv[2] ?? 60);
while (performance.now() < end) {
  const round = await timeRound(sides, [...sides.keys()], TURN_MS, instruments);
  round.forEach((turn, side) => {
    samples[side].push(...turn.filter(({ preempted }) => !preempted));
  });
}

const cyclesOf = ({ canaryCycles = Number.NaN }: Sample) => canaryCycles;
const best = quantile(samples.flat().map(cyclesOf), 0.01);
console.log(`canary: best ${best.toFixed(0)} cycles, median ${quantile(samples.flat().map(cyclesOf), 0.5).toFixed(0)}`);
console.log(`from${KERNELS.map(([id]) => `${id} samples`.padStart(20) + 'µs'.padStart(8)).join('')}`);
BINS.forEach((from, bin) => {
  const cells = samples.map((side) => {
    const within = side.filter((sample) => {
      const multiple = cyclesOf(sample) / best;
      return (multiple >= from || bin === 0) && multiple < (BINS[bin + 1] ?? Number.POSITIVE_INFINITY);
    });
    const times = within.map(({ ns }) => ns);
    return (
      `${within.length}`.padStart(20) + (times.length ? (quantile(times, 0.5) / 1000).toFixed(0) : '–').padStart(8)
    );
  });
  console.log(`${from.toFixed(2)}${cells.join('')}`);
});
