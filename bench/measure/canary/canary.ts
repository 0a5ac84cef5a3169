// Does the core work for this process alone? Vector loads out of L1 take longer while another process (often one of
// another virtual machine) runs on the core's second hardware thread, which no system call tells. What they take is
// counted in cycles of a chain of dependent multiplications: that chain hardly notices a neighbour but follows the
// clock, so that a core that merely slows down when it gets warm doesn't look shared.
import { existsSync } from 'node:fs';
import { openWasm } from '../../backends/wasm.ts';
import { wasmFile } from '../../backends/wasm-file.ts';
import type { Canary } from '../instruments.ts';

/** Of 256 loads each: 0.7 µs on a free core. */
const PASSES = 16;
const PASS_BYTES = 4096;
/** 5 µs, beside which the cost of the call is small; timed once a turn only. */
const STEPS = 4000;
/** A multiplication (3) and an addition (1) on today's x86 cores; on others the unit is not quite a cycle, but as constant. */
const CYCLES_PER_STEP = 4;
/** The better of two readings is seldom one that was interrupted. */
const TRIES = 2;
/** Calls after which V8 has compiled the loops with its optimising compiler. */
const WARMUP_CALLS = 1500;

let opened: Promise<Canary | undefined> | undefined;

/** One a process, ready to sing. Undefined where tare's WebAssembly is not compiled. */
export function openCanary(): Promise<Canary | undefined> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Canary | undefined> {
  if (!existsSync(wasmFile('canary', 128))) return undefined;
  const module = await openWasm(128, 1).then((wasm) => wasm.open('canary'));
  const source = module.allocate(PASS_BYTES);
  const out = module.allocate(16);
  const read = (passes: number) => module.run('loads', passes, source, out);
  const canary = {
    loadsNs() {
      // What was measured in between has taken the source out of L1.
      read(1);
      return bestNs(() => read(PASSES));
    },
    cycleNs: () => bestNs(() => module.run('chain', STEPS, out)) / (STEPS * CYCLES_PER_STEP),
  };
  for (let call = 0; call < WARMUP_CALLS; call++) {
    read(PASSES);
    // A longer loop is compiled after fewer calls.
    if (call % 15 === 0) canary.cycleNs();
  }
  return canary;
}

function bestNs(loop: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const start = performance.now();
    loop();
    best = Math.min(best, performance.now() - start);
  }
  return best * 1e6;
}
