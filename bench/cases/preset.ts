// How thorough a run is: which blocks of the suites it takes and how long it measures each case.
import type { Budget } from '../contract/budget.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import type { Scoring } from '../contract/scoring.ts';
import type { PresetName } from '../contract/suite.ts';

interface Preset {
  readonly summary: string;
  /** Of one case, all passes together; only its warm-up is of each process. */
  readonly budget: Budget;
  /** Processes a case is measured in, spread over the run: what V8 made of a kernel is settled anew in each. */
  readonly passes: number;
  /** Cases of one backend that follow each other in one process, where its start costs more than measuring them. */
  readonly casesPerProcess: number;
  /** Of the time of all passes: how much longer to go on with cases that a shared core left without enough free ones. */
  readonly comeBackShare: number;
  /** Time limit of one pass of a case, s. */
  readonly timeoutS: number;
  /** What of a text whole models are scored on. */
  readonly scoring: Scoring;
}

export const presets: { readonly [Name in PresetName]: Preset } = {
  smoke: {
    summary: 'does everything run and stay within its drift budget? Under 20 s; its times are rough',
    budget: { warmupMs: 10, measureMs: 30, rounds: 6 },
    passes: 1,
    casesPerProcess: 1,
    comeBackShare: 0,
    timeoutS: 60,
    scoring: { tokens: 320, flops: 2e10 },
  },
  quick: {
    summary: 'the main techniques on one layer of the model, under 3 minutes on 2 cores',
    budget: { warmupMs: 50, measureMs: 240, rounds: 16 },
    passes: 2,
    casesPerProcess: 2,
    comeBackShare: 0.05,
    timeoutS: 120,
    scoring: { tokens: 2048, flops: 3e11 },
  },
  nightly: {
    summary: 'every technique with all its parameters on every backend and at every shape, in some 2 hours',
    budget: { warmupMs: 250, measureMs: 3000, rounds: 35 },
    passes: 5,
    casesPerProcess: 1,
    comeBackShare: 0.25,
    timeoutS: 600,
    scoring: { tokens: 8192, flops: 5e12 },
  },
};

/** What a run spends on a case. */
export interface Effort {
  readonly passes: number;
  /** Of one pass. */
  readonly budget: Budget;
  readonly casesPerProcess: number;
  /** See the preset. */
  readonly comeBackShare: number;
  /** See the preset. */
  readonly scoring: Scoring;
}

/** Below it a pass has no interval of its own. */
const LEAST_ROUNDS = 6;

/** What the preset spends, or what was asked instead. */
export function effortOf(asked: Pick<RunArguments, 'preset' | 'passes' | 'rounds' | 'minTimeS'>): Effort {
  const { budget, passes: usual, casesPerProcess, comeBackShare, scoring } = presets[asked.preset];
  const passes = asked.passes ?? usual;
  const measureMs = asked.minTimeS === undefined ? budget.measureMs : asked.minTimeS * 1000;
  const rounds = asked.rounds ?? Math.max(budget.rounds, LEAST_ROUNDS * passes);
  return {
    passes,
    casesPerProcess,
    comeBackShare,
    scoring,
    budget: {
      warmupMs: budget.warmupMs,
      measureMs: measureMs / passes,
      rounds: Math.max(LEAST_ROUNDS, Math.ceil(rounds / passes)),
    },
  };
}
