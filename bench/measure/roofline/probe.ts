// Measures the machine's roofline, each part in a process of its own like a case.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import { REVECTORIZE, whyNotRevectorized } from '../../backends/wasm-revectorize.ts';
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

/** On one thread, and on so many where they are more. Takes under four seconds. Throws where the probes are not compiled. */
export async function probeRoofline(threads: number): Promise<Roofline> {
  const has256 = (await whyNotRevectorized('roofline')) === undefined;
  const single = await ask({ width: 128, threads: 1, sizes: SIZES });
  const wide = has256 ? await ask({ width: 256, threads: 1, sizes: [] }, [REVECTORIZE]) : undefined;
  const several = threads > 1 ? await ask({ width: 128, threads, sizes: SIZES }) : undefined;
  return {
    peaks: { 128: single.peaks, 256: wide?.peaks },
    bandwidth: single.bandwidth,
    cache_bytes: cacheBytes(),
    threaded: several && { threads, peaks: { 128: several.peaks }, bandwidth: several.bandwidth },
  };
}

async function ask(request: ProbeRequest, execArgv: string[] = []): Promise<ProbeAnswer> {
  const child = fork(join(import.meta.dirname, 'probe-child.ts'), [JSON.stringify(request)], {
    execArgv,
    env: { NODE_COMPILE_CACHE: getCompileCacheDir(), ...process.env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.on('data', (chunk) => (stderr += chunk));
  const exit = once(child, 'exit').then(([code]) => {
    const cause = /Error: (.*)/.exec(stderr)?.[1] ?? `exit code ${code}`;
    throw new Error(`roofline: probes must answer, got ${cause}`);
  });
  const [answer] = await Promise.race([once(child, 'message'), exit]);
  exit.catch(() => {});
  return answer;
}
