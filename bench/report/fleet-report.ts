// The queue as people read it: its runs, and its workers.
import { layOut, textColumn } from './text-table.ts';

export interface RunLine {
  readonly run_id: string;
  readonly machine_class: string;
  readonly waiting: number;
  readonly active: number;
  readonly done: number;
  readonly failed: number;
}

export interface WorkerLine {
  readonly name: string;
  readonly machine_class: string;
  readonly case_id?: string;
  readonly for_s?: number;
}

export function formatFleet(runs: readonly RunLine[], workers: readonly WorkerLine[], width: number): string {
  const lines = runs.length === 0 ? ['no runs'] : layOut(runTable(runs), width);
  const below = workers.length === 0 ? ['no workers'] : layOut(workerTable(workers), width);
  return [...lines, '', ...below].map((line) => `${line}\n`).join('');
}

function runTable(runs: readonly RunLine[]) {
  const counts = ['waiting', 'active', 'done', 'failed'] as const;
  return {
    names: [
      textColumn(
        'run',
        runs.map(({ run_id }) => run_id),
        'left',
      ),
      textColumn(
        'class',
        runs.map(({ machine_class }) => machine_class),
        'left',
      ),
    ],
    figures: counts.map((count) =>
      textColumn(
        count,
        runs.map((run) => String(run[count])),
      ),
    ),
  };
}

function workerTable(workers: readonly WorkerLine[]) {
  const since = ({ case_id, for_s }: WorkerLine) =>
    case_id === undefined ? '' : for_s === undefined ? '?' : durationOf(for_s);
  return {
    names: [
      textColumn(
        'worker',
        workers.map(({ name }) => name),
        'left',
      ),
      textColumn(
        'class',
        workers.map(({ machine_class }) => machine_class),
        'left',
      ),
    ],
    figures: [textColumn('for', workers.map(since))],
    details: workers.map(({ case_id }) => [case_id === undefined ? 'waits' : case_id]),
  };
}

function durationOf(s: number): string {
  if (s < 60) return `${s} s`;
  return s < 3600 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
