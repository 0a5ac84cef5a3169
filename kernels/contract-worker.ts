// The contract check in a page's worker.
import { openInPage } from '../bench/backends/browser/runtime.ts';
import type { PageRuntime } from '../bench/contract/browser.ts';
import type { KernelKind } from '../bench/contract/runtimes/runtimes.ts';
import type { Technique } from '../bench/contract/technique.ts';
import { checkContract } from './contract.ts';

export interface ContractTask {
  readonly runtime: PageRuntime;
  readonly kind: KernelKind;
  readonly only?: string;
}

export default function start(techniques: ReadonlyMap<string, Technique>): void {
  self.onmessage = async ({ data: { runtime, kind, only } }: MessageEvent<ContractTask>) => {
    self.postMessage(
      await checkContract({ techniques, kind, runtime: await openInPage(runtime), mustHaveAll: true, only }),
    );
  };
}
