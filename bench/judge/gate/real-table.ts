// What real nights came to beside what is promised of them, as Markdown.
import { NIGHTS_TO_SEE } from '../track.ts';
import { type JudgedCase, type PlantedStep, type RealNights, STEPS } from './real-nights.ts';
import type { RecordedHistory } from './recorded-history.ts';

/** So many of so many; where there is a goal, what share that may or must be. */
interface Figure {
  readonly what: string;
  readonly count: number;
  readonly total: number;
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
}

/** One of the 45 pairs of ten runs. */
const MOST_FALSE_PAIRS = 1 / 45;
const STEADY_BACKENDS = ['ts', 'wasm', 'gpujs-webasm'];
const LEAST_SAME = 0.6;
/** None of 3 %, which two processes a case seldom could see: it is counted, and whoever reads knows. */
const LEAST_FOUND: Readonly<Partial<Record<(typeof STEPS)[number], number>>> = { 0.05: 0.8, 0.1: 0.95 };

export function figuresOf({ pairs, nights, falseAlarms, tracked }: RealNights): Figure[] {
  const cases = pairs.flatMap((pair) => pair.cases);
  const falsePairs = pairs.filter((pair) => pair.cases.some(isFalse));
  const steady = cases.filter(({ backend }) => STEADY_BACKENDS.includes(backend));
  const alarmed = new Set(falseAlarms.map(({ night }) => night));
  return [
    {
      what: 'pairs of runs with a false `faster` or `slower`',
      count: falsePairs.length,
      total: pairs.length,
      goal: { atMost: MOST_FALSE_PAIRS },
    },
    { what: 'false verdicts, of judged cases', count: cases.filter(isFalse).length, total: cases.length },
    {
      what: 'pairs of runs on which `compare` exits with 1',
      count: pairs.filter(({ regressions }) => regressions.length > 0).length,
      total: pairs.length,
    },
    {
      what: `\`same\` within ±5 %, of cases on ${STEADY_BACKENDS.join(', ')}`,
      count: steady.filter(isSame).length,
      total: steady.length,
      goal: { atLeast: LEAST_SAME },
    },
    ...STEPS.flatMap((step) => stepFigures('compare', step, stepsOf(cases, step))),
    { what: 'nights on which `track` raises a false alarm', count: alarmed.size, total: nights, goal: { atMost: 0 } },
    ...STEPS.flatMap((step) =>
      stepFigures(
        'track',
        step,
        tracked.filter((tried) => tried.step === step),
      ),
    ),
  ];
}

function stepFigures(
  command: 'compare' | 'track',
  step: (typeof STEPS)[number],
  tried: readonly PlantedStep[],
): Figure[] {
  const within = command === 'track' ? ` within ${NIGHTS_TO_SEE} nights` : '';
  const what = `steps of ${percent(step)} that \`${command}\` finds${within}`;
  const [able, all] = [tried.filter(({ canBeJudged }) => canBeJudged), tried].map(foundOf);
  const least = LEAST_FOUND[step];
  return [
    {
      what: `${what}, in cases that could be judged`,
      ...able,
      goal: least === undefined ? undefined : { atLeast: least },
    },
    { what: `${what}, in all cases`, ...all },
  ];
}

function stepsOf(cases: readonly JudgedCase[], step: number): PlantedStep[] {
  return cases.flatMap(({ steps }) => steps.filter((tried) => tried.step === step));
}

function foundOf(steps: readonly PlantedStep[]) {
  const sum = (key: 'found' | 'tried') => steps.reduce((total, step) => total + step[key], 0);
  return { count: sum('found'), total: sum('tried') };
}

function isFalse({ verdict }: JudgedCase): boolean {
  return verdict === 'faster' || verdict === 'slower';
}

function isSame({ verdict }: JudgedCase): boolean {
  return verdict === 'same';
}

/** The goals that were missed, in words. What nothing could be tried on was not reached. */
export function missedGoals(figures: readonly Figure[]): string[] {
  return figures.flatMap(({ what, count, total, goal }) => {
    if (goal === undefined) return [];
    const isHeld = 'atMost' in goal ? count <= goal.atMost * total : count >= goal.atLeast * total;
    return isHeld && total > 0 ? [] : [`${what}: must be ${goalText(goal, total)}, got ${countText(count, total)}`];
  });
}

function goalText(goal: NonNullable<Figure['goal']>, total: number): string {
  return 'atMost' in goal ? `at most ${Math.floor(goal.atMost * total)}` : `at least ${percent(goal.atLeast)}`;
}

function countText(count: number, total: number): string {
  return total === 0 ? 'none to try it on' : `${count} of ${total} (${percent(count / total)})`;
}

/** Few of many are said with a digit more. */
function percent(share: number): string {
  const digits = share > 0 && share < 0.01 ? 1 : 0;
  return `${(100 * share).toFixed(digits)} %`;
}

export function formatFigures(figures: readonly Figure[]): string {
  return markdown(
    ['', 'of real runs of one commit', 'goal'],
    figures.map(({ what, count, total, goal }) => [what, countText(count, total), goal ? goalText(goal, total) : '']),
  );
}

/** A row a backend. */
export function formatBackends({ pairs, tracked }: RealNights): string {
  const cases = Map.groupBy(
    pairs.flatMap((pair) => pair.cases),
    ({ backend }) => backend,
  );
  const rows = [...cases]
    .toSorted()
    .map(([backend, own]) => [
      backend,
      String(own.length),
      String(own.filter(isFalse).length),
      shareOf(own, isSame),
      shareOf(own, ({ reason }) => reason !== undefined),
      ...STEPS.flatMap((step) => foundCells(stepsOf(own, step))),
      ...STEPS.flatMap((step) =>
        foundCells(tracked.filter((tried) => tried.backend === backend && tried.step === step)),
      ),
    ]);
  const heads = ['compare', 'track'].flatMap((command) => STEPS.map((step) => `${command}: ${percent(step)} found`));
  return markdown(['backend', 'judged', 'false', '`same`', 'in doubt', ...heads], rows);
}

/** Of those that could be judged, and how many these are. */
function foundCells(steps: readonly PlantedStep[]): string[] {
  const able = foundOf(steps.filter(({ canBeJudged }) => canBeJudged));
  const share = able.total === 0 ? '–' : percent(able.count / able.total);
  return [`${share} of ${able.total} in ${foundOf(steps).total}`];
}

function shareOf<T>(items: readonly T[], holds: (item: T) => boolean): string {
  return percent(items.filter(holds).length / items.length);
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = header.map((_, i) => (i === 0 ? '---' : '--:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What was false, a line each. */
export function falseVerdicts({ pairs, falseAlarms }: RealNights): string[] {
  return [
    ...pairs.flatMap(({ base, head, isBesideLoad, cases }) =>
      cases
        .filter(isFalse)
        .map(
          ({ caseId, verdict }) =>
            `run ${base} against ${head}${isBesideLoad ? ', beside a load' : ''}: ${verdict}: ${caseId}`,
        ),
    ),
    ...falseAlarms.map(({ night, caseId, what }) => `track, night ${night}: ${what}: ${caseId}`),
  ];
}

export function describeHistory({ name, description, runs }: RecordedHistory): string {
  const { commit, machine, preset, backends } = description;
  const loaded = runs.filter(({ isBesideLoad }) => isBesideLoad).length;
  return [
    `${name}: ${runs.length} ${preset} runs of commit ${commit.slice(0, 10)} on ${backends.join(', ')}, ${loaded} of them beside a load;`,
    `${machine.cpu_count} cores of ${machine.cpu_model}, ${machine.os}, Node ${machine.node_version}, V8 ${machine.v8_version}`,
  ].join('\n');
}
