// What earlier runs say of where a time budget is spent best.
import { existsSync, readdirSync } from 'node:fs';
import type { CaseRecord } from '../cases/order-of-need.ts';
import { InputError } from '../contract/input-error.ts';
import { hasRun } from '../judge/compare.ts';
import { toldBy } from '../judge/told.ts';
import { suspectedCases } from '../judge/track.ts';
import { archivesIn } from '../results/archived-csvs.ts';
import { readHistory } from '../results/history.ts';
import { knownCommits } from '../run/git-state.ts';

export interface Known {
  readonly known: ReadonlyMap<string, CaseRecord>;
  /** Why nothing is known. */
  readonly note?: string;
}

/** What the runs of a folder say of each case; nothing where it holds none. */
export function knownFrom(folder: string): Known {
  if (!existsSync(folder)) return { known: new Map(), note: `nothing is known of earlier runs: no folder ${folder}` };
  const isEmpty = !readdirSync(folder).some((name) => name.endsWith('.csv')) && archivesIn(folder).length === 0;
  if (isEmpty) return { known: new Map() };
  try {
    const commits = knownCommits();
    const { runs, events } = readHistory([folder], { nowMs: Date.now(), commits });
    const suspects = suspectedCases(runs, toldBy(events, commits));
    const known = new Map<string, CaseRecord>();
    for (const [age, { rows }] of runs.toReversed().entries()) {
      for (const [id, row] of rows) {
        if (!hasRun(row)) continue;
        const { runs: count = 0, ...newer } = known.get(id) ?? {
          age,
          techniqueHash: row.technique_hash,
          isSuspect: suspects.has(id),
          tookS: row.took_s,
          processes: row.processes,
        };
        known.set(id, { ...newer, runs: count + 1 });
      }
    }
    return { known };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { known: new Map(), note: `nothing is known of earlier runs: ${error.message}` };
  }
}
