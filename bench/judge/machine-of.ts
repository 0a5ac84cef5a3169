import type { ResultRow } from '../results/columns.ts';

/** What a history depends on; systems and Node versions come and go on the same machine, and their effect is wanted. */
export function machineOf({ cpu_model, cpu_count, threads, device, gpu_adapter }: ResultRow): string {
  const parts = [cpu_model, `${cpu_count} cores`, `${threads ?? 1} threads`];
  return (device === 'gpu' ? [...parts, gpu_adapter] : parts).join(', ');
}
