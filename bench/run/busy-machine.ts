// Who else is at work on this machine: what is measured beside other work is slower, and scatters.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResultRow } from '../results/columns.ts';
import { quantile } from '../statistics/quantile.ts';
import { liveHolder } from './lock.ts';

/** Runnable processes a core that are there before a run starts: more than the shell and the start of tare make. */
const BUSY_LOAD = 0.5;

/** Sentences about what disturbs a run that is about to start with its results in `out`. */
export function disturbances(out: string, ownRunId: string, load: number, cores: number): string[] {
  const inFolder = runsAtWork(out).filter((id) => id !== ownRunId);
  const others = otherTares();
  return [
    ...(load > BUSY_LOAD * cores ? [`the machine is busy: load ${load.toFixed(1)} on ${cores} cores`] : []),
    ...(inFolder.length > 0 ? [`another run writes to the same folder: ${inFolder.join(', ')}`] : []),
    ...(others.length > 0 ? [`another tare is at work: process ${others.join(', ')}`] : []),
  ];
}

/** Runs in the folder that a live process holds the lock of. */
function runsAtWork(out: string): string[] {
  const locks = readdirSync(out).filter((name) => name.endsWith('.lock'));
  return locks.flatMap((name) => (liveHolder(join(out, name)) === undefined ? [] : name.slice(0, -'.lock'.length)));
}

/** Processes of other users' or terminals' tares that measure; none where the system shows no processes as files. */
function otherTares(): string[] {
  const pids = readProcesses();
  return pids.filter((pid) => pid !== String(process.pid) && isTareAtWork(argumentsOf(pid)));
}

function readProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // It has ended meanwhile, or is not ours to see.
  }
}

function isTareAtWork(argv: readonly string[]): boolean {
  const at = argv.findIndex((argument) => /(^|\/)(bench\/main\.ts|tare)$/.test(argument));
  return at >= 0 && at <= 2 && /^(run|ab|serve|nightly)$/.test(argv[at + 1] ?? '');
}

/** Load beside what the cases' own threads make, from which on it is said under the table. */
const FOREIGN_LOAD = 0.5;

/** A sentence about other work while the rows were measured; none where there was little. */
export function disturbanceDuring(rows: readonly ResultRow[]): string | undefined {
  const loads = rows.flatMap(({ load_before }) => load_before ?? []);
  if (loads.length === 0) return undefined;
  const own = Math.max(...rows.map(ownThreads));
  const load = quantile(loads, 0.5);
  if (load <= own + FOREIGN_LOAD) return undefined;
  const noisy = rows.filter(({ status }) => status === 'noisy').length;
  return `The machine was busy: load ${load.toFixed(1)} where the cases make ${own} at most (noisy rows: ${noisy})`;
}

/** An emulated GPU runs on all cores. */
function ownThreads({ adapter_type, cpu_count, threads }: ResultRow): number {
  return (adapter_type === 'software' ? cpu_count : threads) ?? 1;
}
