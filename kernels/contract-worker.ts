// The contract check in a page's worker.
import { openInPage } from '../bench/backends/browser/runtime.ts';
import type { PageRuntime } from '../bench/contract/browser.ts';
import type { KernelKind } from '../bench/contract/runtimes/runtimes.ts';
import type { Technique } from '../bench/contract/technique.ts';
import { checkContract } from './contract.ts';
import type { TrialSet } from './contract-trials.ts';

export interface ContractTask {
  readonly runtime: PageRuntime;
  readonly kind: KernelKind;
  readonly trials: TrialSet;
}

export default function start(techniques: ReadonlyMap<string, Technique>): void {
  self.onmessage = async ({ data: { runtime, kind, trials } }: MessageEvent<ContractTask>) => {
    self.postMessage(
      await checkContract({ techniques, kind, runtime: await openInPage(runtime), mustHaveAll: true, trials }),
    );
  };
}
