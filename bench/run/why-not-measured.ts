// Why a case is skipped although its backend runs here.
import { backendOf } from '../backends/backend.ts';
import type { AvailableBackend } from '../contract/backend.ts';
import type { Case } from '../contract/case.ts';
import { operationOf } from '../contract/operations.ts';
import type { Technique } from '../contract/technique.ts';

/** A GPU emulated on the CPU runs at some 0.1 GFLOP/s: above this a single call takes seconds and says nothing. */
const SOFTWARE_GPU_MAX_FLOPS = 2 ** 28;

export async function whyNotMeasured(
  status: AvailableBackend,
  entry: Case,
  technique: Pick<Technique, 'wasmModule'> | undefined,
): Promise<string | undefined> {
  return tooLargeFor(status, entry) ?? backendOf(entry.backend).whyNot?.(technique?.wasmModule ?? entry.technique);
}

function tooLargeFor({ adapterType }: AvailableBackend, { problem }: Case): string | undefined {
  if (adapterType !== 'software') return undefined;
  const flops = operationOf(problem.op).denseFlops(problem);
  if (flops <= SOFTWARE_GPU_MAX_FLOPS) return undefined;
  const [needed, most] = [flops, SOFTWARE_GPU_MAX_FLOPS].map((value) => Math.round(value / 1e6));
  return `software adapter: problems must stay below ${most} MFLOP, got ${needed}; a real GPU has no such limit`;
}
