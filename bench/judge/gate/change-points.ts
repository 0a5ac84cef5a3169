// How soon `tare track` notices a step in a history, and how often it sees one that isn't there, beside the fixed
// thresholds that are usual. Synthetic histories under seeds: the same figures on every machine.

import { type ChangePoint, findChangePoints } from '../../statistics/change-points.ts';
import { quantile } from '../../statistics/quantile.ts';
import { type Random, seededRandom } from '../../statistics/random.ts';
import { MIN_EFFECT } from '../compare.ts';
import { maxPOf, newLevel } from '../track.ts';

const NIGHTS = 100;
/** The first night of the new level. */
const STEP_AT = 50;
/** Standard deviation of a night's log ratio. */
const NOISE = 0.03;
const STEPS = [0.03, 0.05, 0.1] as const;
/** In the histories with bad nights, one in so many is slower by so much. */
const BAD_NIGHT = { every: 20, slower: 0.15 };

/** Whether the newest night of a history raises an alarm. */
type Rule = () => (nights: readonly number[]) => boolean;

const rules: Readonly<Record<string, Rule>> = {
  'tare track, 1 case': () => newlyWorse(maxPOf(1)),
  'tare track, one of 500 cases': () => newlyWorse(maxPOf(500)),
  '5 % below the median of 7 nights': () => (nights) => below(nights, quantile(nights.slice(-8, -1), 0.5)),
  '5 % below the night before': () => (nights) => below(nights, nights[nights.length - 2]),
  '5 % below the first night': () => (nights) => below(nights, nights[0]),
};

/** Remembers last night's change points, as each night is asked for in turn. */
function newlyWorse(maxP: number): (nights: readonly number[]) => boolean {
  let earlier: ChangePoint[] | undefined;
  return (nights) => {
    const find = (series: readonly number[]) => findChangePoints(series, { minMagnitude: MIN_EFFECT, maxP, seed: 0 });
    const known = earlier ?? find(nights.slice(0, -1));
    earlier = find(nights);
    const level = newLevel(earlier, known);
    return level !== undefined && level.after < level.before;
  };
}

function below(nights: readonly number[], usual: number): boolean {
  return nights[nights.length - 1] < usual + Math.log(0.95);
}

export interface ChangePointTrial {
  readonly rule: string;
  /** Share of histories without a step in which some night raised an alarm, and the same with bad nights. */
  readonly falseAlarms: number;
  readonly falseAlarmsWithBadNights: number;
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

export function tryChangePoints(histories = 1000): ChangePointTrial[] {
  const seeds = Array.from({ length: histories }, (_, i) => i + 1);
  const alarmShare = (rule: Rule, hasBadNights: boolean) =>
    seeds.filter((seed) => firstAlarm(rule(), historyOf(seed, 0, hasBadNights), 8) !== undefined).length / histories;
  return Object.entries(rules).map(([name, rule]) => ({
    rule: name,
    falseAlarms: alarmShare(rule, false),
    falseAlarmsWithBadNights: alarmShare(rule, true),
    steps: STEPS.map((step) => tryStep(rule, step, seeds)),
  }));
}

function tryStep(rule: Rule, step: number, seeds: readonly number[]): StepTrial {
  const delays = seeds.flatMap((seed) => {
    const night = firstAlarm(rule(), historyOf(seed, step, false), STEP_AT + 1);
    return night === undefined ? [] : [night - STEP_AT];
  });
  return {
    step,
    found: delays.length / seeds.length,
    delayMedian: delays.length > 0 ? quantile(delays, 0.5) : Number.NaN,
    delayP90: delays.length > 0 ? quantile(delays, 0.9) : Number.NaN,
  };
}

/** Log ratios night by night; slower is less. */
function historyOf(seed: number, step: number, hasBadNights: boolean): number[] {
  const random: Random = seededRandom(seed);
  return Array.from({ length: NIGHTS }, (_, night) => {
    const noise = NOISE * random.gaussian();
    const isBad = hasBadNights && random.uniform() < 1 / BAD_NIGHT.every;
    return noise - (night >= STEP_AT ? Math.log1p(step) : 0) - (isBad ? Math.log1p(BAD_NIGHT.slower) : 0);
  });
}

/** The number of nights at the first alarm, looking night by night from the given number on. */
function firstAlarm(alarm: (nights: readonly number[]) => boolean, history: readonly number[], from: number) {
  for (let nights = from; nights <= history.length; nights++) {
    if (alarm(history.slice(0, nights))) return nights;
  }
  return undefined;
}

/** As the README has it. */
export function changePointTable(trials: readonly ChangePointTrial[]): string {
  const share = (value: number) => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
  const steps = trials[0].steps.map(({ step }) => `${Math.round(step * 100)} % step: found, after nights`);
  const header = ['rule', 'histories with a false alarm', 'the same with bad nights', ...steps];
  const rows = trials.map(({ rule, falseAlarms, falseAlarmsWithBadNights, steps: tried }) => [
    rule,
    share(falseAlarms),
    share(falseAlarmsWithBadNights),
    ...tried.map(
      ({ found, delayMedian, delayP90 }) => `${share(found)}, ${delayMedian} (90 %: ${Math.round(delayP90)})`,
    ),
  ]);
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

if (import.meta.main) process.stdout.write(`${changePointTable(tryChangePoints())}\n`);
