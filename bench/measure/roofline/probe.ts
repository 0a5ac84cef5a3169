// Measures the machine's roofline, each part in a process of its own like a case.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { REVECTORIZE, whyNotRevectorized } from '../../backends/wasm-revectorize.ts';
import { moduleFile } from '../../contract/module-file.ts';
import { NODE_FLAGS } from '../../contract/node-flags.ts';
import type { Limits, Peaks, Roofline } from '../../contract/roofline.ts';
import type { WasmWidth } from '../../contract/runtimes/wasm.ts';
import { cacheBytes } from './caches.ts';

export interface ProbeRequest {
  readonly width: WasmWidth;
  readonly threads: number;
  /** Working sets to read, in bytes, ascending. */
  readonly sizes: readonly number[];
}

export interface ProbeAnswer {
  readonly peaks: Peaks;
  readonly bandwidth: Limits['bandwidth'];
}

/** Working sets from half of L1 to past every cache; close together where the last cache may give out. */
const SIZES = [14, 16, 18, 20, 22, 23, 24, 25, 26, 27, 28].map((power) => 2 ** power);

/**
 * On one thread, and on so many where they are more: on several twice, since one that gets no core for a moment leaves the
 * others to do its work, and a limit is what was reached. Takes under five seconds. Throws where the probes are not compiled.
 */
export async function probeRoofline(threads: number): Promise<Roofline> {
  const has256 = (await whyNotRevectorized('roofline')) === undefined;
  const single = await ask({ width: 128, threads: 1, sizes: SIZES });
  const wide = has256 ? await ask({ width: 256, threads: 1, sizes: [] }, [REVECTORIZE]) : undefined;
  const onSeveral = () => ask({ width: 128, threads, sizes: SIZES });
  const several = threads > 1 ? higherOf(await onSeveral(), await onSeveral()) : undefined;
  return {
    peaks: { 128: single.peaks, 256: wide?.peaks },
    bandwidth: single.bandwidth,
    cache_bytes: cacheBytes(),
    threaded: several && { threads, peaks: { 128: several.peaks }, bandwidth: several.bandwidth },
  };
}

/** Of two answers to one request. */
export function higherOf(a: ProbeAnswer, b: ProbeAnswer): ProbeAnswer {
  return {
    peaks: {
      f32_gflops: Math.max(a.peaks.f32_gflops, b.peaks.f32_gflops),
      int8_gops: Math.max(a.peaks.int8_gops, b.peaks.int8_gops),
    },
    bandwidth: a.bandwidth.map(({ bytes, gbytes_per_s }, i) => ({
      bytes,
      gbytes_per_s: Math.max(gbytes_per_s, b.bandwidth[i].gbytes_per_s),
    })),
  };
}

async function ask(request: ProbeRequest, execArgv: string[] = []): Promise<ProbeAnswer> {
  const child = fork(moduleFile('./probe-child.ts', import.meta.filename), [JSON.stringify(request)], {
    execArgv: [...NODE_FLAGS, ...execArgv],
    env: { NODE_COMPILE_CACHE: getCompileCacheDir(), ...process.env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const exit = once(child, 'close').then(([code]) => {
    const cause = /Error: (.*)/.exec(stderr)?.[1] ?? `exit code ${code}`;
    throw new Error(`roofline: probes must answer, got ${cause}`);
  });
  const [answer] = await Promise.race([once(child, 'message'), exit]);
  exit.catch(() => {});
  return answer;
}
