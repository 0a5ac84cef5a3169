// Which cases tell most, where there is no time for all of them.
import type { Case } from '../contract/case.ts';

/** What earlier runs say of a case. */
export interface CaseRecord {
  /** Runs since the last one that measured it; 0 where that is the newest. */
  readonly age: number;
  /** Runs that measured it. */
  readonly runs: number;
  /** Of the code it was last measured with. */
  readonly techniqueHash: string | undefined;
  /** It may have changed, and it is too early to tell. */
  readonly isSuspect: boolean;
  /** What it took the last time, s. */
  readonly tookS: number | undefined;
  /** It was measured in then. */
  readonly processes: number | undefined;
}

/** Why a case is measured, the most telling first; within each the one that was measured longest ago comes first. */
export const needs = ['sentinel', 'changed', 'suspected', 'new', 'oldest'] as const;
export type Need = (typeof needs)[number];

export interface NeededCase {
  readonly case: Case;
  readonly need: Need;
}

export interface Needs {
  readonly known: ReadonlyMap<string, CaseRecord>;
  /** Of each technique's code as it is now, by its id. */
  readonly techniqueHashes: ReadonlyMap<string, string>;
  costS(caseId: string): number;
}

export function byNeed(cases: readonly Case[], { known, techniqueHashes, costS }: Needs): NeededCase[] {
  const sentinels = sentinelsOf(cases, known, costS);
  const needOf = (entry: Case): Need => {
    const record = known.get(entry.id);
    if (sentinels.has(entry)) return 'sentinel';
    if (record === undefined) return 'new';
    if (record.techniqueHash !== undefined && record.techniqueHash !== techniqueHashes.get(entry.technique))
      return 'changed';
    return record.isSuspect ? 'suspected' : 'oldest';
  };
  const ageOf = ({ case: { id } }: NeededCase) => known.get(id)?.age ?? 0;
  const needed = cases.map((entry) => ({ case: entry, need: needOf(entry) }));
  return needed.toSorted((a, b) => needs.indexOf(a.need) - needs.indexOf(b.need) || ageOf(b) - ageOf(a));
}

/** One case a backend, the same every night: of those measured most often the cheapest. Baselines show no speed-up. */
function sentinelsOf(cases: readonly Case[], known: Needs['known'], costS: Needs['costS']): ReadonlySet<Case> {
  const runsOf = ({ id }: Case) => known.get(id)?.runs ?? 0;
  const candidates = cases.filter(({ id, baselineId }) => id !== baselineId);
  const ranked = candidates.toSorted((a, b) => runsOf(b) - runsOf(a) || costS(a.id) - costS(b.id));
  return new Set([...Map.groupBy(ranked, ({ backend }) => backend).values()].map(([first]) => first));
}

/** Of the cases in order, as many as fit the time; one that doesn't fit leaves its place to cheaper ones behind it. */
export function fitting(needed: readonly NeededCase[], timeS: number, costS: (entry: Case) => number): NeededCase[] {
  let leftS = timeS;
  return needed.filter(({ case: entry }) => {
    const cost = costS(entry);
    if (cost > leftS) return false;
    leftS -= cost;
    return true;
  });
}

/** As many as `tare ab` takes: by then the median over processes is known well. */
const MOST_PASSES = 15;

/** How many times as many passes as usual there is time for where all cases fit, 1 at least; `totalS` is of the usual ones. */
export function moreTimes(usualPasses: number, totalS: number, timeS = 0): number {
  // What measures once asks whether it runs.
  if (usualPasses === 1 || totalS === 0) return 1;
  return Math.max(usualPasses, Math.min(MOST_PASSES, Math.floor((usualPasses * timeS) / totalS))) / usualPasses;
}
