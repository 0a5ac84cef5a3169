// The flags of a run that has only so much time, and what earlier runs say of where it is spent best.
import { existsSync, readdirSync } from 'node:fs';
import type { InferredOptionTypes, Options } from 'yargs';
import type { CaseRecord } from '../cases/order-of-need.ts';
import { InputError } from '../contract/input-error.ts';
import { hasRun } from '../judge/compare.ts';
import { toldBy } from '../judge/told.ts';
import { suspectedCases } from '../judge/track.ts';
import { archivesIn } from '../results/archived-csvs.ts';
import { readHistory } from '../results/history.ts';
import { knownCommits } from '../run/git-state.ts';
import { once } from './selection-flags.ts';
import { folderOf } from './users-folder.ts';

export const budgetFlags = {
  budget: {
    type: 'string',
    requiresArg: true,
    coerce: (value: string | readonly string[]) => secondsOf('budget', once('budget')(value)),
    describe: 'time for the whole run, as 90s, 30m or 2h: cases that tell most come first, the rest is left out',
  },
  history: {
    type: 'string',
    requiresArg: true,
    coerce: (value: string | readonly string[]) => {
      const path = once('history')(value);
      return existsSync(path) ? folderOf('history', path) : path;
    },
    defaultDescription: 'that of --out',
    describe: 'with --budget: folder of earlier runs, by which the cases that tell most are chosen',
  },
} as const satisfies Record<string, Options>;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Throws InputError on what is no time of a second at least. */
export function secondsOf(flag: string, typed: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(typed) ?? [];
  const seconds = Number(number) * UNITS[unit];
  if (seconds >= 1) return seconds;
  throw new InputError(`--${flag}: must be a time as 90s, 30m or 2h, got ${typed}`);
}

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

export type BudgetFlags = InferredOptionTypes<typeof budgetFlags>;
