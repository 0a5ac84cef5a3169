import type { AvailableBackend, Backend } from '../contract/backend.ts';
import type { Case } from '../contract/case.ts';
import type { JoinedResult } from '../contract/case-result.ts';
import type { Machine } from '../contract/machine.ts';
import type { Technique } from '../contract/technique.ts';

/** What is the same for all cases of a run. */
export interface RunFacts {
  readonly runId: string;
  readonly git: { readonly commit: string; readonly dirty: boolean } | undefined;
  /** Of each technique's code, by its id. */
  readonly techniqueHashes: ReadonlyMap<string, string>;
  readonly machine: Machine;
  /** What the processor's packages took while nothing was measured, W; missing where that can't be told. */
  readonly idleW?: number;
  /** i/n where the run is one of n shards. */
  readonly shard: string | undefined;
}

/** All that is known of a case once it has run, or was passed over: what its row is made of. */
export interface Facts {
  readonly run: RunFacts;
  readonly entry: Case;
  readonly technique: Technique;
  /** Threads the kernel itself uses. */
  readonly threads: number;
  readonly device: Backend['device'];
  /** Missing where the backend can't run here. */
  readonly adapter: AvailableBackend | undefined;
  readonly envHash: string;
  readonly startedAt: string;
  readonly result: JoinedResult;
  /** Bytes one call moves at least: stored weights, activations and output. */
  readonly movedBytes: number | undefined;
  /** What the machine allows the case; missing where no roofline holds for it. */
  readonly roof: { readonly gflops: number } | undefined;
  readonly cache: 'resident' | 'streamed' | undefined;
}
