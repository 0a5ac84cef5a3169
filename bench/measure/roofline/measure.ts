// Measures one process's limits with the probes of wasm.as.ts: the best of many tries, since a limit is what was reached.
import { openWasm } from '../../backends/wasm.ts';
import type { Peaks, Roofline } from '../../contract/roofline.ts';
import type { WasmModule, WasmWidth } from '../../contract/runtimes/wasm.ts';

const ROUNDS = 20_000;
const PROBE_MS = 100;
const MIN_TRIES = 8;
const WARMUP_TRIES = 10;
/** Chains of the arithmetic probes at NR = 8; the generator writes twice as many at 16. */
const CHAINS = 12;
const FLOPS_PER_FMA = 8;
const OPS_PER_DOT = 32;
/** The reading probe counts in steps of this many bytes. */
const STEP_BYTES = 512;
/** Bytes read in one sample, so that small levels are read often enough to be timed. */
const SAMPLE_BYTES = 4 * 2 ** 20;

export async function measurePeaks(width: WasmWidth): Promise<Peaks> {
  const module = await openWasm(width, 1).then((wasm) => wasm.open('roofline'));
  const source = module.allocate(32);
  const out = module.allocate(16 * 2 * CHAINS);
  const operations = ROUNDS * CHAINS * (width / 128);
  const rate = (probe: string, perStep: number) => {
    return (operations * perStep) / bestNs(() => module.run(probe, ROUNDS, source, out));
  };
  return { f32_gflops: rate('fmaChains', FLOPS_PER_FMA), int8_gops: rate('dotChains', OPS_PER_DOT) };
}

/** Reads out of working sets of these sizes, in bytes, ascending. */
export async function measureBandwidth(sizes: readonly number[]): Promise<Roofline['bandwidth']> {
  const module = await openWasm(128, 1).then((wasm) => wasm.open('roofline'));
  const largest = sizes[sizes.length - 1];
  const source = module.allocate(largest);
  const out = module.allocate(16);
  // Pages that were never written share one page of zeros, which would be read out of L1.
  module.f32(source, largest / 4).fill(1);
  return sizes.map((bytes) => ({ bytes, gbytes_per_s: readRate(module, source, out, bytes) }));
}

function readRate(module: WasmModule, source: number, out: number, bytes: number): number {
  const steps = Math.floor(bytes / STEP_BYTES);
  const repeats = Math.max(1, Math.floor(SAMPLE_BYTES / bytes));
  const ns = bestNs(() => {
    for (let i = 0; i < repeats; i++) module.run('readBytes', steps, source, out);
  });
  return (repeats * steps * STEP_BYTES) / ns;
}

function bestNs(probe: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + PROBE_MS;
  for (let attempt = -WARMUP_TRIES; attempt < MIN_TRIES || performance.now() < end; attempt++) {
    const start = performance.now();
    probe();
    if (attempt >= 0) best = Math.min(best, performance.now() - start);
  }
  return best * 1e6;
}
