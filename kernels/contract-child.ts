// The process of one backend's contract check: in itself, or in a page it opens.
import { join } from 'node:path';
import { backendOf } from '../bench/backend.ts';
import type { Browser } from '../bench/browser/find-browser.ts';
import type { PageRuntime } from '../bench/browser/runtime.ts';
import { askPage } from '../bench/browser/weigh-in-page.ts';
import { KERNELS_DIR, loadTechniques } from '../bench/registry.ts';
import { checkContract } from './contract.ts';
import type { ContractTask } from './contract-worker.ts';

/** gpujs-webgpu puts the same kernels to all trials; a page's GL is the only one that is there everywhere. */
const ELSEWHERE: { readonly [Runtime in PageRuntime]?: string } = { webgpu: 'odd' };

const backend = backendOf(process.argv[2]);
const { kind } = backend;
const outcomes =
  backend.page === undefined
    ? await checkContract({
        kind,
        techniques: await loadTechniques([KERNELS_DIR]),
        runtime: await backend.open(backend.threads(2)),
        mustHaveAll: backend.onlyWhenNamed === undefined,
      })
    : await checkInPage(JSON.parse(process.argv[3]), { kind, runtime: backend.page, only: ELSEWHERE[backend.page] });
process.send?.(outcomes, undefined, undefined, () => process.exit(0));

function checkInPage(browser: Browser, task: ContractTask): Promise<unknown> {
  const worker = join(import.meta.dirname, 'contract-worker.ts');
  return askPage(browser, { kernelsDirs: [KERNELS_DIR], worker }, task);
}
