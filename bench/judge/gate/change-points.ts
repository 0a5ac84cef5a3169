// How soon `tare track` notices a step in a history, and how often it sees one that isn't there, in noises of several
// kinds, beside a fixed threshold as is usual. Synthetic histories under seeds: the same figures on every machine.

import { type ChangePoint, findChangePoints, type NoisePrior } from '../../statistics/change-points.ts';
import { quantile } from '../../statistics/quantile.ts';
import { type Random, seededRandom } from '../../statistics/random.ts';
import { sharedNoise } from '../../statistics/shared-noise.ts';
import { MIN_EFFECT } from '../compare.ts';
import { maxPOf, newLevel } from '../track.ts';

const NIGHTS = 100;
/** The first night that is judged: no history is shorter than two levels. */
const FIRST_JUDGED = 8;
/** The first night of the new level. */
const STEP_AT = 50;
/** Standard deviation of a night's log ratio; of Student's t, what it would be without the heavy tails. */
const NOISE = 0.03;
const STEPS = [0.03, 0.05, 0.1] as const;
const CASES = 500;
/** Of them, so many tell what the noise is like. */
const SHARING = 100;
/** Nights that are 10 % slower, and the standard deviation of the others around them. */
const BUMPS = [
  { nights: 5, noise: 0.01 },
  { nights: 10, noise: 0.03 },
] as const;
/** An end counts as found where it is off by no more. */
const BUMP_TOLERANCE = 1;

/** Log ratios night by night, of a level that stays; slower is less. */
const noises: Readonly<Record<string, (random: Random) => number[]>> = {
  'white, gaussian': (random) => autoregressive(random, 0, NOISE),
  'AR(1), φ = 0.5': (random) => autoregressive(random, 0.5, NOISE),
  'AR(1), φ = 0.8': (random) => autoregressive(random, 0.8, NOISE),
  'Student t, 3 degrees': (random) => nightly(() => NOISE * studentOf3(random)),
  'one night in ten 15 % slower': (random) =>
    nightly(() => NOISE * random.gaussian() - (random.uniform() < 0.1 ? Math.log1p(0.15) : 0)),
};

function nightly(draw: () => number): number[] {
  return Array.from({ length: NIGHTS }, draw);
}

/** Of the given standard deviation, from the first night on. */
export function autoregressive(random: Random, phi: number, deviation: number): number[] {
  let value = deviation * random.gaussian();
  return nightly(() => {
    const tonight = value;
    value = phi * value + deviation * Math.sqrt(1 - phi ** 2) * random.gaussian();
    return tonight;
  });
}

/** A normal value over the root of a χ² of 3 by 3. */
export function studentOf3({ gaussian }: Pick<Random, 'gaussian'>): number {
  return gaussian() / (Math.hypot(gaussian(), gaussian(), gaussian()) / Math.sqrt(3));
}

/** Whether the newest night of a history, asked for in turn, raises an alarm. */
type Rule = (nights: readonly number[]) => boolean;

/** What all cases of such noise, night by night, tell of it. */
type SharedNoise = (nights: number) => NoisePrior;

const rules: Readonly<Record<string, (shared: SharedNoise) => Rule>> = {
  'track, 1 case': () => newlyWorse(maxPOf(1), alone),
  [`track, one of ${CASES} cases`]: (shared) => newlyWorse(maxPOf(CASES), shared),
  '5 % below the median of 7 nights': () => (nights) => {
    const usual = quantile(nights.slice(-8, -1), 0.5);
    return nights[nights.length - 1] < usual + Math.log(0.95);
  },
};

/** Remembers the change points of earlier nights. */
function newlyWorse(maxP: number, shared: SharedNoise): Rule {
  const find = (nights: readonly number[]) => changePoints(nights, maxP, shared);
  const earlier: (() => ChangePoint[])[] = [];
  return (nights) => {
    if (earlier.length === 0) earlier.push(() => find(nights.slice(0, -1)));
    const points = find(nights);
    const level = newLevel(points, earlier);
    earlier.unshift(() => points);
    return level !== undefined && level.after < level.before;
  };
}

function changePoints(nights: readonly number[], maxP: number, shared: SharedNoise): ChangePoint[] {
  return findChangePoints(nights, { minMagnitude: MIN_EFFECT, maxP, noise: shared(nights.length) });
}

const GROUPS = ['all'];
const ofItself = sharedNoise([])(GROUPS);

function alone(): NoisePrior {
  return ofItself;
}

/** Histories of other seeds than those that are judged. */
function shareNoise(make: (random: Random) => number[]): SharedNoise {
  const others = Array.from({ length: SHARING }, (_, i) => make(seededRandom(-1 - i)));
  const known = new Map<number, NoisePrior>();
  return (nights) => {
    const histories = () => others.map((series) => ({ values: series.slice(0, nights), groups: GROUPS }));
    const shared = known.get(nights) ?? sharedNoise(histories())(GROUPS);
    known.set(nights, shared);
    return shared;
  };
}

export interface ChangePointTrial {
  readonly noise: string;
  readonly rule: string;
  /** In a history without a step. */
  readonly alarmsPerHistory: number;
  /** Share of nights in which some of so many cases of such noise raises a false alarm. */
  readonly alarmNights: number;
  readonly steps: readonly StepTrial[];
}

export interface StepTrial {
  readonly step: number;
  /** Share of histories in which some night after the step raised an alarm. */
  readonly found: number;
  /** Nights from the step to the first alarm, the step's own counted: median and 90th percentile; of those found. */
  readonly delayMedian: number;
  readonly delayP90: number;
}

/** @param histories without a step; of each step a tenth as many */
export function tryChangePoints(histories = 4000, kinds = Object.keys(noises)): ChangePointTrial[] {
  return kinds.flatMap((noise) => {
    const make = noises[noise];
    const shared = shareNoise(make);
    return Object.entries(rules).map(([rule, begin]) => {
      const steady = seedsOf(histories).map((seed) => alarmsOf(begin(shared), make(seededRandom(seed))).length);
      const alarmsPerHistory = steady.reduce((a, b) => a + b, 0) / histories;
      const alarmNights = 1 - (1 - alarmsPerHistory / (NIGHTS - FIRST_JUDGED + 1)) ** CASES;
      const steps = STEPS.map((step) => tryStep(() => begin(shared), make, step, Math.ceil(histories / 10)));
      return { noise, rule, alarmsPerHistory, alarmNights, steps };
    });
  });
}

function seedsOf(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

function tryStep(begin: () => Rule, make: (random: Random) => number[], step: number, histories: number): StepTrial {
  const delays = seedsOf(histories).flatMap((seed) => {
    const history = make(seededRandom(seed)).map((value, night) => value - (night >= STEP_AT ? Math.log1p(step) : 0));
    const [night] = alarmsOf(begin(), history, STEP_AT + 1, 1);
    return night === undefined ? [] : [night - STEP_AT];
  });
  return {
    step,
    found: delays.length / histories,
    delayMedian: delays.length > 0 ? quantile(delays, 0.5) : Number.NaN,
    delayP90: delays.length > 0 ? quantile(delays, 0.9) : Number.NaN,
  };
}

/** The numbers of nights at which it alarms, looking night by night from the given number on. */
function alarmsOf(rule: Rule, history: readonly number[], from = FIRST_JUDGED, most = Number.POSITIVE_INFINITY) {
  const alarms: number[] = [];
  for (let nights = from; nights <= history.length && alarms.length < most; nights++) {
    if (rule(history.slice(0, nights))) alarms.push(nights);
  }
  return alarms;
}

export interface BumpTrial {
  readonly nights: number;
  readonly noise: number;
  readonly cases: number;
  /** Share of histories in which it is found at both ends. */
  readonly found: number;
}

export function tryBumps(histories = 500): BumpTrial[] {
  return BUMPS.flatMap(({ nights, noise }) =>
    [1, CASES].map((cases) => {
      const shared = cases === 1 ? alone : shareNoise((random) => autoregressive(random, 0, noise));
      const isFound = (seed: number) =>
        bothEndsFound(changePoints(bumpOf(seededRandom(seed), nights, noise), maxPOf(cases), shared), nights);
      return { nights, noise, cases, found: seedsOf(histories).filter(isFound).length / histories };
    }),
  );
}

function bumpOf(random: Random, nights: number, noise: number): number[] {
  const isSlower = (night: number) => night >= STEP_AT && night < STEP_AT + nights;
  return autoregressive(random, 0, noise).map((value, night) => value - (isSlower(night) ? Math.log1p(0.1) : 0));
}

function bothEndsFound(points: readonly ChangePoint[], nights: number): boolean {
  const isNear = (end: number) => points.some(({ index }) => Math.abs(index - end) <= BUMP_TOLERANCE);
  return isNear(STEP_AT) && isNear(STEP_AT + nights);
}

/** As docs/trust.md has it. */
export function changePointTable(trials: readonly ChangePointTrial[]): string {
  const steps = STEPS.map((step) => `${Math.round(step * 100)} % step: found, after nights`);
  const header = ['noise', 'rule', 'false alarms a history', `nights with one, ${CASES} cases`, ...steps];
  const rows = trials.map(({ noise, rule, alarmsPerHistory, alarmNights, steps: tried }) => [
    noise,
    rule,
    alarmsPerHistory.toFixed(alarmsPerHistory < 0.1 ? 4 : 2),
    share(alarmNights),
    ...tried.map(({ found, delayMedian, delayP90 }) =>
      found === 0 ? '0 %' : `${share(found)}, ${Math.round(delayMedian)} (90 %: ${Math.round(delayP90)})`,
    ),
  ]);
  return markdown([header, ...rows]);
}

export function bumpTable(trials: readonly BumpTrial[]): string {
  const rows = trials.map(({ nights, noise, cases, found }) => [
    `${nights} nights 10 % slower, ${Math.round(noise * 100)} % noise`,
    cases === 1 ? '1 case' : `one of ${cases} cases`,
    share(found),
  ]);
  return markdown([['bump', 'level', 'found at both ends'], ...rows]);
}

function markdown([header, ...rows]: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function share(value: number): string {
  return `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
}

if (import.meta.main) {
  process.stdout.write(`${changePointTable(tryChangePoints())}\n\n${bumpTable(tryBumps())}\n`);
}
