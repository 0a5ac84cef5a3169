// In which processes, and in which order, the passes of a run measure its cases.
import { backendOf } from '../backends/backend.ts';
import type { Case } from '../contract/case.ts';
import { operationOf } from '../contract/operations.ts';
import { problemKey } from '../contract/problem-key.ts';
import { seededRandom, shuffled } from '../statistics/random.ts';

/** Cases that follow each other in one process, of one backend and problem. */
export type Batch = readonly Case[];

export interface PlanOptions {
  readonly passes: number;
  readonly casesPerProcess: number;
  readonly seed: number;
}

/**
 * The batches of each pass, problem by problem in the order of the cases, after the first pass drawn anew in every one. Cases
 * come first in a process equally often, as far as the numbers allow: what an earlier case leaves behind bends no case in all
 * passes, and the peak of its memory is its own.
 */
export function planPasses(cases: readonly Case[], { passes, casesPerProcess, seed }: PlanOptions): Batch[][] {
  const random = seededRandom(seed);
  const timesFirst = new Map<Case, number>();
  const groups = [...Map.groupBy(cases, placeOf).values()];
  return Array.from({ length: passes }, (_, pass) =>
    groups.flatMap((group) => {
      const order = pass === 0 ? group : shuffled(group, random);
      const batches = batchesOf(order, sizeFor(group[0], casesPerProcess), timesFirst);
      for (const [first] of batches) timesFirst.set(first, (timesFirst.get(first) ?? 0) + 1);
      return batches;
    }),
  );
}

/** Equal for cases that run on the same inputs in the same place: only they share a process, and a baseline. */
export function placeOf({ backend, problem }: Case): string {
  return `${problem.op} ${problemKey(problem)} ${backend}`;
}

/** Of its place, whichever suite asks for it. */
export function isBaseline({ technique, problem }: Case): boolean {
  return technique === operationOf(problem.op).baseline;
}

/** What a device, a browser or a team of threads was left with by one case is not seen from here: they get new ones. */
function sizeFor({ backend: id }: Case, casesPerProcess: number): number {
  const backend = backendOf(id);
  const isPlain = backend.device === 'cpu' && backend.page === undefined && backend.isNative === undefined;
  return isPlain ? casesPerProcess : 1;
}

function batchesOf(order: readonly Case[], size: number, timesFirst: ReadonlyMap<Case, number>): Batch[] {
  const times = (entry: Case) => timesFirst.get(entry) ?? 0;
  // The baseline's own row is what the others are held against, so it is the first that is there.
  const rank = (entry: Case) => (isBaseline(entry) ? 0 : 1);
  const firstFirst = order.toSorted((a, b) => times(a) - times(b) || rank(a) - rank(b));
  const batches: Case[][] = firstFirst.slice(0, Math.ceil(order.length / size)).map((entry) => [entry]);
  for (const entry of firstFirst.slice(batches.length)) {
    // Two runs of one technique would share what V8 learnt of its code.
    const fitting = batches.filter((batch) => batch.length < size);
    const apart = fitting.find((batch) => batch.every(({ technique }) => technique !== entry.technique));
    (apart ?? fitting[0]).push(entry);
  }
  return batches.toSorted((a, b) => rank(a[0]) - rank(b[0]));
}
