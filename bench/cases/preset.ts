// How thorough a run is: which blocks of the suites it takes and how long it measures each case.

import type { Budget } from '../contract/budget.ts';
import type { PresetName } from '../contract/suite.ts';

export interface Preset {
  readonly summary: string;
  readonly budget: Budget;
  /** Time limit of one case, s. */
  readonly timeoutS: number;
}

export const presets: { readonly [Name in PresetName]: Preset } = {
  smoke: {
    summary: 'does everything run and stay within its drift budget? Under 20 s; its times are rough',
    budget: { warmupMs: 10, measureMs: 30, rounds: 6 },
    timeoutS: 60,
  },
  quick: {
    summary: 'the main techniques on one layer of the model, under 3 minutes on 2 cores',
    budget: { warmupMs: 100, measureMs: 300, rounds: 15 },
    timeoutS: 120,
  },
  nightly: {
    summary: 'every technique with all its parameters on every matrix of the model',
    budget: { warmupMs: 500, measureMs: 3000, rounds: 31 },
    timeoutS: 600,
  },
};
