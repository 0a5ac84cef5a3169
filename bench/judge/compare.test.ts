import { describe, expect, test } from 'vitest';
import { caseId, rowOf, samplesOf } from '../fixtures/run-files.ts';
import type { ResultRow } from '../results/columns.ts';
import { type CaseComparison, compareRuns } from './compare.ts';

const techniques = ['csr', 'int4', 'int8', 'sparse-2-4', 'lowrank', 'tiled', 'nf4'];
const dense = rowOf('dense', { speedup: 1.002 });

interface Side {
  readonly speedups: Readonly<Record<string, number>>;
  readonly rows?: readonly ResultRow[];
  readonly seed: number;
}

function side({ speedups, rows, seed }: Side) {
  return {
    rows: rows ?? [dense, ...Object.entries(speedups).map(([technique, speedup]) => rowOf(technique, { speedup }))],
    samples: new Map(
      Object.entries(speedups).map(([technique, speedup], i) => [
        caseId(technique),
        [samplesOf(technique, speedup, seed + i)],
      ]),
    ),
  };
}

const even = Object.fromEntries(techniques.map((technique) => [technique, 2]));
const of = (comparisons: readonly CaseComparison[], technique: string) =>
  comparisons.find((comparison) => comparison.caseId === caseId(technique));
const verdictsOf = (comparisons: readonly CaseComparison[]) =>
  Object.fromEntries(comparisons.map(({ caseId: id, verdict }) => [id.split(':')[1], verdict]));

test('one case that became 20 % slower is found among others that stayed, and one that became faster', () => {
  const changed = { ...even, int4: 1.6, csr: 2.6 };
  const comparisons = compareRuns(side({ speedups: even, seed: 1 }), side({ speedups: changed, seed: 100 }), 0);
  expect(verdictsOf(comparisons)).toMatchObject({ int4: 'slower', csr: 'faster', dense: 'unpaired' });
  expect(of(comparisons, 'int4')?.regressions).toEqual(['slower']);
  expect(of(comparisons, 'csr')?.regressions).toEqual([]);
  expect(Math.exp(of(comparisons, 'int4')?.shift?.log ?? 0)).toBeCloseTo(0.8, 1);
});

test('the same run twice is the same in every case', () => {
  const run = side({ speedups: even, seed: 1 });
  const paired = compareRuns(run, run, 0).filter(({ shift }) => shift !== undefined);
  expect(paired.map(({ verdict }) => verdict)).toEqual(techniques.map(() => 'same'));
});

test('swapping base and head mirrors verdicts and shifts', () => {
  const [a, b] = [side({ speedups: even, seed: 1 }), side({ speedups: { ...even, int4: 1.6 }, seed: 100 })];
  const [forth, back] = [compareRuns(a, b, 0), compareRuns(b, a, 0)];
  expect(of(back, 'int4')?.verdict).toBe('faster');
  expect(of(back, 'int4')?.shift?.log).toBeCloseTo(-(of(forth, 'int4')?.shift?.log ?? 0), 12);
});

test('where every case scatters, a shift no larger than theirs is not called one', () => {
  const scattered = (factor: number) =>
    Object.fromEntries(techniques.map((technique, i) => [technique, 2 * (1 + factor * ((i % 3) - 1))]));
  const comparisons = compareRuns(
    side({ speedups: scattered(0.1), seed: 1 }),
    side({ speedups: scattered(-0.1), seed: 100 }),
    0,
  );
  expect(comparisons.filter(({ verdict }) => verdict === 'slower' || verdict === 'faster')).toEqual([]);
});

test("without samples the rows' own intervals decide", () => {
  const [base, head] = [even, { ...even, int4: 1.6 }].map((speedups) => {
    return { ...side({ speedups, seed: 1 }), samples: undefined };
  });
  const comparison = of(compareRuns(base, head, 0), 'int4');
  expect(comparison).toMatchObject({ verdict: 'slower', shift: { isFromSamples: false } });
});

function compareRows(base: readonly ResultRow[], head: readonly ResultRow[]): CaseComparison[] {
  return compareRuns({ rows: base, samples: undefined }, { rows: head, samples: undefined }, 0);
}

describe('what is compared exactly', () => {
  const compareOne = (head: ResultRow) => of(compareRows([dense, rowOf('int4')], [dense, rowOf('int4', head)]), 'int4');

  test.each([
    ['drift in its last digit, worse', { sqnr_db: 40.12345678899999 }, true],
    ['drift in its last digit, better', { sqnr_db: 40.12345678900001 }, false],
    ['one byte more', { stored_bytes: 101 }, true],
    ['one byte less', { stored_bytes: 99 }, false],
  ])('%s', (_, figures, isWorse) => {
    const comparison = compareOne(figures);
    expect(comparison?.changes).toEqual([expect.objectContaining({ isWorse })]);
    expect(comparison?.regressions.length).toBe(isWorse ? 1 : 0);
  });

  test('drift past its budget is a regression of its own', () => {
    expect(compareOne({ drift_ok: false })?.regressions).toEqual(['drifted past its budget']);
  });

  test('resident memory, which is different every time, is passed over', () => {
    expect(compareOne({ peak_rss_bytes: 7 })?.changes).toEqual([]);
  });
});

describe('cases that are not in both runs', () => {
  const base = [dense, rowOf('int4'), rowOf('csr', { status: 'error', reason: 'broke' })];

  test('a vanished case is a regression, one that never ran is none', () => {
    const comparisons = compareRows(base, [dense]);
    expect(of(comparisons, 'int4')).toMatchObject({ verdict: 'unpaired', regressions: ['vanished'] });
    expect(of(comparisons, 'csr')?.regressions).toEqual([]);
  });

  test.each(['skipped', 'unsupported', 'incorrect', 'error', 'timeout', 'oom'])('from ok to %s', (status) => {
    const comparison = of(compareRows(base, [dense, rowOf('int4', { status, reason: 'why' })]), 'int4');
    expect(comparison?.regressions).toEqual([`was ok, is ${status}: why`]);
  });

  test('noisy counts as ran', () => {
    expect(of(compareRows(base, [dense, rowOf('int4', { status: 'noisy' })]), 'int4')?.regressions).toEqual([]);
  });

  test('a new case is listed, and one that runs again is no regression', () => {
    const comparisons = compareRows(base, [dense, rowOf('int4'), rowOf('csr'), rowOf('nf4')]);
    expect(of(comparisons, 'nf4')).toMatchObject({ verdict: 'unpaired', reason: 'new', regressions: [] });
    expect(of(comparisons, 'csr')).toMatchObject({ reason: 'runs now; was error: broke', regressions: [] });
  });

  test('other inputs are not compared at all', () => {
    const head = rowOf('int4', { input_hash: 'i2', sqnr_db: 1, speedup: 9 });
    expect(of(compareRows(base, [head]), 'int4')).toMatchObject({ verdict: 'unpaired', changes: [], regressions: [] });
  });
});

test('absolute times are compared on one machine only', () => {
  const at = (env_hash: string, p20_ns: number) => [rowOf('int4', { env_hash, p20_ns })];
  expect(compareRows(at('e1', 1000), at('e1', 1100))[0].timeRatio).toBeCloseTo(1.1, 12);
  expect(compareRows(at('e1', 1000), at('e2', 1100))[0].timeRatio).toBeUndefined();
});
