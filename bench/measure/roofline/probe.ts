// Measures the machine's roofline, each part in a process of its own like a case.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import { REVECTORIZE, whyNotRevectorized } from '../../backends/wasm-revectorize.ts';
import type { Peaks, Roofline } from '../../contract/roofline.ts';
import type { WasmWidth } from '../../contract/runtimes/wasm.ts';
import { cacheBytes } from './caches.ts';

export type ProbeRequest =
  | { readonly kind: 'peaks'; readonly width: WasmWidth }
  | { readonly kind: 'bandwidth'; readonly sizes: readonly number[] };

/** Working sets from half of L1 to past every cache, each four times the last. */
const SIZES = [2 ** 14, 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26, 2 ** 28];

/** Takes about three seconds. Throws where the probes are not compiled. */
export async function probeRoofline(): Promise<Roofline> {
  const has256 = (await whyNotRevectorized('roofline')) === undefined;
  return {
    peaks: {
      128: await ask<Peaks>({ kind: 'peaks', width: 128 }, []),
      ...(has256 && { 256: await ask<Peaks>({ kind: 'peaks', width: 256 }, [REVECTORIZE]) }),
    },
    bandwidth: await ask<Roofline['bandwidth']>({ kind: 'bandwidth', sizes: SIZES }, []),
    cache_bytes: cacheBytes(),
  };
}

async function ask<Answer>(request: ProbeRequest, execArgv: string[]): Promise<Answer> {
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
