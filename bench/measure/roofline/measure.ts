// Measures one process's limits with the probes of wasm.as.ts: the best of many tries, since a limit is what was reached.
import { openWasm } from '../../backends/wasm.ts';
import type { Limits, Peaks } from '../../contract/roofline.ts';
import type { WasmModule, WasmWidth } from '../../contract/runtimes/wasm.ts';

/** Of each thread in one try: some 0.2 ms, beside which handing the work over is nothing. */
const ROUNDS = 100_000;
const PEAK_PROBE_MS = 70;
/** Chains of the arithmetic probes at NR = 8; the generator writes twice as many at 16. */
const CHAINS = 12;
const FLOPS_PER_FMA = 8;
const OPS_PER_DOT = 32;
const BANDWIDTH_PROBE_MS = 20;
/** The reading probe counts in steps of this many bytes. */
const STEP_BYTES = 512;
/** Bytes read in one try, so that small levels are read often enough to be timed. */
const TRY_BYTES = 4 * 2 ** 20;
/**
 * What is read before the next begins, in four streams side by side: all of it is fastest out of caches, and out of memory
 * about as much as a panel of weights takes, where streams far apart cost more translations of addresses.
 */
const BLOCK_BYTES = [2 ** 40, 2 ** 19, 2 ** 17];
const MIN_TRIES = 3;
/** V8 compiles a probe anew, and better, while it runs first. */
const WARMUP_MS = 20;

export async function measurePeaks(width: WasmWidth, threads: number): Promise<Peaks> {
  const wasm = await openWasm(width, threads);
  const module = await wasm.open('roofline');
  const source = module.allocate(32);
  const out = module.allocate(16 * 2 * CHAINS);
  const rounds = ROUNDS * threads;
  const operations = rounds * CHAINS * (width / 128);
  const rate = (probe: string, perStep: number) => {
    const run = () => module.run(probe, rounds, source, out);
    bestNs(run, WARMUP_MS);
    return (operations * perStep) / bestNs(run, PEAK_PROBE_MS);
  };
  const peaks = {
    f32_gflops: rate('fmaChains', FLOPS_PER_FMA),
    int8_gops: Math.max(rate('dotChains', OPS_PER_DOT), rate('wordChains', OPS_PER_DOT)),
  };
  module.close();
  return peaks;
}

/** Reads out of working sets of these sizes, in bytes, ascending. */
export async function measureBandwidth(sizes: readonly number[], threads: number): Promise<Limits['bandwidth']> {
  const wasm = await openWasm(128, threads);
  const module = await wasm.open('roofline');
  const largest = sizes[sizes.length - 1];
  const source = module.allocate(largest);
  const out = module.allocate(16);
  // Pages that were never written share one page of zeros, which would be read out of L1.
  module.f32(source, largest / 4).fill(1);
  bestNs(() => module.run('readBytes', threads, 1, 1, source, out), WARMUP_MS);
  const bandwidth = sizes.map((bytes) => ({ bytes, gbytes_per_s: readRate(module, source, out, bytes) }));
  module.close();
  return bandwidth;
}

function readRate(module: WasmModule, source: number, out: number, bytes: number): number {
  const steps = Math.floor(bytes / STEP_BYTES);
  const times = Math.max(1, Math.floor(TRY_BYTES / bytes));
  const blocks = BLOCK_BYTES.map((block) => Math.min(block, bytes) / STEP_BYTES);
  const best = [...new Set(blocks)].map((block) =>
    bestNs(() => module.run('readBytes', steps, times, block, source, out), BANDWIDTH_PROBE_MS),
  );
  return (times * steps * STEP_BYTES) / Math.min(...best);
}

function bestNs(probe: () => void, atLeastMs: number): number {
  let bestMs = Number.POSITIVE_INFINITY;
  const end = performance.now() + atLeastMs;
  for (let tries = 0; tries < MIN_TRIES || performance.now() < end; tries++) {
    const start = performance.now();
    probe();
    bestMs = Math.min(bestMs, performance.now() - start);
  }
  return bestMs * 1e6;
}
