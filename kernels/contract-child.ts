// The process of one backend's contract check: in itself, or in a page it opens.
import { join } from 'node:path';
import { backendOf } from '../bench/backends/backend.ts';
import { KERNELS_DIR, loadTechniques, techniqueFiles } from '../bench/cases/registry.ts';
import type { NodeBackend } from '../bench/contract/backend.ts';
import type { Browser, PageRuntime } from '../bench/contract/browser.ts';
import { askPage } from '../bench/run/page/weigh-in-page.ts';
import { type ContractOutcome, checkContract } from './contract.ts';
import type { ContractTask } from './contract-worker.ts';

/** gpujs-webgpu puts the same kernels to all trials; a page's GL is the only one that is there everywhere. */
const ELSEWHERE: { readonly [Runtime in PageRuntime]?: string } = { webgpu: 'odd' };

const backend = backendOf(process.argv[2]);
const { kind } = backend;
const outcomes =
  backend.page === undefined
    ? await checkHere(backend)
    : await checkInPage(JSON.parse(process.argv[3]), { kind, runtime: backend.page, only: ELSEWHERE[backend.page] });
process.send?.(outcomes, undefined, undefined, () => process.exit(0));

async function checkHere({ open, threads, onlyWhenNamed }: NodeBackend): Promise<ContractOutcome[]> {
  const techniques = await loadTechniques([KERNELS_DIR]);
  const runtime = await open(threads(2));
  const outcomes = await checkContract({ kind, techniques, runtime, mustHaveAll: onlyWhenNamed === undefined });
  if (runtime === undefined || !('hasPackedDot' in runtime && runtime.hasPackedDot)) return outcomes;
  // The text for devices that lack packed dot products is tried where they are not lacking, or it might run nowhere.
  const lacking = { ...runtime, hasPackedDot: false };
  const int8 = new Map([...techniques].filter(([id]) => id === 'int8'));
  const shifts = await checkContract({ kind, techniques: int8, runtime: lacking, mustHaveAll: false, only: 'odd' });
  return [...outcomes, ...shifts.map(({ name, failures }) => ({ name: `${name}, without packed dots`, failures }))];
}

function checkInPage(browser: Browser, task: ContractTask): Promise<unknown> {
  const worker = join(import.meta.dirname, 'contract-worker.ts');
  return askPage(browser, { techniques: techniqueFiles([KERNELS_DIR]), worker }, task);
}
