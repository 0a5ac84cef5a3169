import { describe, expect, test } from 'vitest';
import { rowOf } from '../fixtures/run-files.ts';
import type { ResultRow } from '../results/columns.ts';
import { quantile } from '../statistics/quantile.ts';
import { type Random, seededRandom } from '../statistics/random.ts';
import { type CaseComparison, compareRuns } from './compare.ts';

interface SyntheticCase {
  readonly technique: string;
  readonly shape: number;
  /** Of log speed-ups between processes. */
  readonly deviation: number;
  /** Of a process's log speed-up by its rounds: mostly larger where processes differ more. */
  readonly roundsError: number;
}

const TECHNIQUES = ['csr', 'sparse-2-4', 'int4', 'int8', 'nf4', 'tiled'];

/** Eight shapes of six techniques, uneven as kernels are: most within 1 % from one process to the next, CSR by 8 %. */
function makeCases({ gaussian }: Random): SyntheticCase[] {
  return TECHNIQUES.flatMap((technique) =>
    Array.from({ length: 8 }, (_, shape) => {
      const usual = technique === 'csr' ? 0.08 : 0.008;
      const deviation = usual * Math.exp(0.5 * gaussian());
      return { technique, shape, deviation, roundsError: deviation * Math.exp(0.5 * gaussian()) };
    }),
  );
}

/** A whole run is off by a little, too: it found the machine as it was. */
const BETWEEN_RUNS = 0.3;

/** How many processes a case has: always as many, or from three on until their interval is narrow. */
interface Effort {
  readonly most: number;
  readonly untilNarrow: boolean;
}

const LEAST_PROCESSES = 3;
const NARROW = Math.log(1.02);

function run(cases: readonly SyntheticCase[], effort: Effort, { gaussian }: Random, step = 0): ResultRow[] {
  return cases.map(({ technique, shape, deviation, roundsError }, i) => {
    const level = Math.log(2) + BETWEEN_RUNS * deviation * gaussian() - (i % 4 === 0 ? step : 0);
    const all = Array.from({ length: effort.most }, () => level + deviation * gaussian());
    const isNarrow = (count: number) => {
      const some = all.slice(0, count);
      return (Math.max(...some) - Math.min(...some)) / 2 + 1.96 * roundsError <= NARROW;
    };
    const ended = all.findIndex((_, j) => effort.untilNarrow && j + 1 >= LEAST_PROCESSES && isNarrow(j + 1));
    const processes = ended < 0 ? effort.most : ended + 1;
    const logs = all.slice(0, processes);
    const centre = logs.reduce((a, b) => a + b, 0) / processes;
    const squares = logs.reduce((sum, log) => sum + (log - centre) ** 2, 0);
    const speedup = Math.exp(quantile(logs, 0.5));
    const spread = Math.sqrt(squares / (processes - 1));
    const interval = {
      speedup_ci95_low: Math.exp(Math.min(...logs) - 1.96 * roundsError),
      speedup_ci95_high: Math.exp(Math.max(...logs) + 1.96 * roundsError),
    };
    const figures = { speedup, ...interval, processes, speedup_sd_between: spread, p20_ns: 2000 / speedup };
    return rowOf(technique, { case_id: `s:${technique}:ts:${shape}`, ...figures });
  });
}

const isDecided = ({ verdict }: CaseComparison) => verdict === 'slower' || verdict === 'faster';
const RUNS = 10;

describe.each([
  { most: 2, untilNarrow: false },
  { most: 3, untilNarrow: false },
  { most: 5, untilNarrow: false },
  // As under a time budget.
  { most: 5, untilNarrow: true },
])('ten runs of one commit, $most processes a case at most, ended by width: $untilNarrow', (effort) => {
  const random = seededRandom(20 + effort.most);
  const cases = makeCases(random);
  const runs = Array.from({ length: RUNS }, () => run(cases, effort, random));
  const pairs = runs.flatMap((base, i) => runs.slice(i + 1).map((head) => compareRuns(base, head)));

  test('at most one of their 45 pairs has a false verdict, and most cases but CSR come out the same', () => {
    expect(pairs).toHaveLength(45);
    expect(pairs.filter((comparisons) => comparisons.some(isDecided)).length).toBeLessThanOrEqual(1);
    const steady = pairs.flat().filter(({ head }) => head?.technique !== 'csr');
    expect(steady.filter(({ verdict }) => verdict === 'same').length / steady.length).toBeGreaterThan(0.6);
  });

  test('a step of 10 % in a case of four is found where the comparison says that it sees so much', () => {
    const step = Math.log(1.1);
    const judged = runs.flatMap((base) => {
      const comparisons = compareRuns(base, run(cases, effort, random, step));
      return comparisons.filter(({ shift }, i) => i % 4 === 0 && shift !== undefined && shift.detectable <= step);
    });
    expect(judged.length).toBeGreaterThan(10);
    expect(judged.filter(({ verdict }) => verdict === 'slower').length / judged.length).toBeGreaterThanOrEqual(0.9);
  });
});
