// Times kernels in turn, in short rounds, in one process (a candidate and its dense baseline, or two versions of one
// kernel): whatever disturbs the machine for longer than a round disturbs all of them, and their ratios stay.
import type { Budget } from '../contract/budget.ts';
import { MIN_VALUES } from '../statistics/median-interval.ts';
import { seededRandom, shuffled } from '../statistics/random.ts';
import { type Choice, chooseSamples } from './choose-samples.ts';
import type { Instruments } from './instruments.ts';
import { type Round, type Side, timeRound } from './round.ts';
import { SLOW_CALL_MS, type Timed, type Warm, warmUp } from './warm-up.ts';

export interface InTurnOptions {
  readonly budget: Budget;
  /** Of the order within rounds. */
  readonly seed: number;
  readonly instruments: Instruments;
  /** The best that the canary showed on this machine before, in cycles. */
  readonly bestCanaryCycles?: number;
}

/** Shorter calls are batched, so that the clock's cost (about 0.1 µs) stays under 1 % of a sample. */
const MIN_SAMPLE_NS = 20_000;
/** And the cost of the canary (2 µs, 4 on a crowded core) under 3 %. */
const MIN_SAMPLE_NS_WITH_CANARY = 150_000;
/** And the clock's resolution (5 µs in a browser) under 1 %. */
const MIN_SAMPLE_STEPS = 100;
/** More samples of one round tell nothing new. */
const MAX_ROUND_SAMPLES = 100;
/** Of pairs whose calls are so slow that six rounds, as many as an interval needs, would take too long. */
const SLOW_ROUNDS = 3;
/** Measuring goes on until this share of the planned rounds is good, … */
const GOOD_SHARE = 0.5;
/** … for so many times the planned rounds at most. */
const MAX_EXTENSION = 2;

/** The samples that count, of each side, in the order given. The order within a round is drawn anew every round. */
export async function measureInTurn(timed: readonly Timed[], options: InTurnOptions): Promise<Choice> {
  const { budget, instruments, bestCanaryCycles } = options;
  const warm: Warm[] = [];
  for (const side of timed) warm.push(await warmUp(side, budget.warmupMs, instruments));
  const planned = plannedRounds(budget, warm);
  const turnMs = budget.measureMs / planned / warm.length;
  const sides = warm.map((side): Side => ({ ...side, batch: batchSize(side.callMs, turnMs, instruments) }));
  const random = seededRandom(options.seed);
  const rounds: Round[] = [];
  do rounds.push(await timeRound(sides, shuffled(sides.keys(), random), turnMs, instruments));
  while (!isEnough(rounds, planned, bestCanaryCycles));
  return chooseSamples(rounds, bestCanaryCycles);
}

function plannedRounds({ measureMs, rounds, minRounds }: Budget, sides: readonly Warm[]): number {
  const roundMs = sides.reduce((sum, { callMs }) => sum + callMs, 0);
  const fewest = roundMs > sides.length * SLOW_CALL_MS ? SLOW_ROUNDS : MIN_VALUES;
  return Math.max(fewest, minRounds ?? 0, Math.min(rounds, Math.floor(measureMs / roundMs)));
}

/** Calls timed together, so that samples are neither too short for the clock nor more than a turn needs. */
function batchSize(callMs: number, turnMs: number, { canary, timerResolutionNs }: Instruments): number {
  const minNs = canary === undefined ? MIN_SAMPLE_NS : MIN_SAMPLE_NS_WITH_CANARY;
  const sampleMs = Math.max(minNs, MIN_SAMPLE_STEPS * timerResolutionNs) / 1e6;
  return Math.max(1, Math.ceil(Math.max(sampleMs, turnMs / MAX_ROUND_SAMPLES) / callMs));
}

/** Fewer rounds than an interval needs are left at that: they were too slow to be repeated. */
function isEnough(rounds: readonly Round[], planned: number, bestCanaryCycles: number | undefined): boolean {
  if (rounds.length < planned) return false;
  if (planned < MIN_VALUES || rounds.length >= MAX_EXTENSION * planned) return true;
  return chooseSamples(rounds, bestCanaryCycles).goodRounds >= Math.max(MIN_VALUES, GOOD_SHARE * planned);
}
