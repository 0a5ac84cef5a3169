// The process of one backend's contract check: in itself, or in a page it opens.
import { backendOf } from '../bench/backends/backend.ts';
import { KERNELS_DIR, loadTechniques, techniqueFiles } from '../bench/cases/registry.ts';
import type { NodeBackend } from '../bench/contract/backend.ts';
import type { Browser, PageRuntime } from '../bench/contract/browser.ts';
import { moduleFile } from '../bench/contract/module-file.ts';
import { askPage } from '../bench/run/page/weigh-in-page.ts';
import { type ContractOutcome, checkContract } from './contract.ts';
import type { TrialSet } from './contract-trials.ts';
import type { ContractTask } from './contract-worker.ts';

/** A page runs the kernels that gpujs-webgpu and wasm put to all trials in Node; those for GL are tried nowhere else. */
const IN_PAGE: { readonly [Runtime in PageRuntime]: TrialSet } = { webgl2: 'all', webgpu: 'one', wasm: 'one' };

const backend = backendOf(process.argv[2]);
const { kind } = backend;
const outcomes =
  backend.page === undefined
    ? await checkHere(backend)
    : await checkInPage(JSON.parse(process.argv[3]), { kind, runtime: backend.page, trials: IN_PAGE[backend.page] });
process.send?.(outcomes, undefined, undefined, () => process.exit(0));

async function checkHere({ open, threads, onlyWhenNamed }: NodeBackend): Promise<ContractOutcome[]> {
  const techniques = await loadTechniques([KERNELS_DIR]);
  const runtime = await open(threads(2));
  // Several threads run the code that one thread takes past all its borders; each kernel's threads take 0.1 s to start.
  const trials = threads(2) > 1 ? 'common' : 'all';
  const outcomes = await checkContract({ kind, techniques, runtime, mustHaveAll: onlyWhenNamed === undefined, trials });
  if (runtime === undefined || !('hasPackedDot' in runtime && runtime.hasPackedDot)) return outcomes;
  // Devices without packed dot products get another shader. Most machines have them, so that shader is tried here as well.
  const lacking = { ...runtime, hasPackedDot: false };
  const int8 = new Map([...techniques].filter(([id]) => id === 'int8'));
  const shifts = await checkContract({
    kind,
    techniques: int8,
    runtime: lacking,
    mustHaveAll: false,
    trials: 'common',
  });
  return [...outcomes, ...shifts.map(({ name, failures }) => ({ name: `${name}, without packed dots`, failures }))];
}

function checkInPage(browser: Browser, task: ContractTask): Promise<unknown> {
  const worker = moduleFile('./contract-worker.ts', import.meta.filename);
  return askPage(browser, { techniques: techniqueFiles([KERNELS_DIR]), worker }, task);
}
