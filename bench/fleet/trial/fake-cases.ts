// Cases that measure nothing, for trials of what hands them out.
import { z } from 'zod';
import { machine, runArguments } from '../../fixtures/run-files.ts';
import { SCHEMA_VERSION } from '../../results/columns.ts';
import type { FleetRun } from '../fleet-run.ts';

/** What a worker of fake cases is started with. */
export const FakeWorker = z.object({
  name: z.string(),
  machineClass: z.string(),
  commit: z.string(),
  lostAfterMs: z.number(),
  caseMs: z.number(),
  untilEmpty: z.boolean(),
  /** Where the first worker to fall silent leaves a mark. */
  folder: z.string(),
});
export type FakeWorker = z.infer<typeof FakeWorker>;

/** Cases that end their first worker in their middle, the one that ends every worker, and the one whose first worker falls silent. */
export const [FATAL, DEADLY, DEAFENING] = ['fatal', 'deadly', 'deafening'];

/** The exit code of a worker that is started while the server is away. */
export const UNREACHABLE = 3;

export const FAKE = { machineClass: 'fake', commit: 'c'.repeat(40) };

export function fakeRun(run_id: string, case_ids: readonly string[]): FleetRun {
  const started_at = '2031-01-01T00:00:00.000Z';
  return {
    manifest: {
      schema_version: SCHEMA_VERSION,
      run_id,
      started_at,
      state: 'running',
      arguments: runArguments,
      case_ids: [...case_ids],
      machine,
      backends: {},
    },
    cases: case_ids.length,
    machine_class: FAKE.machineClass,
    code: { commit: FAKE.commit, hashes: {} },
    has_threads: false,
  };
}
