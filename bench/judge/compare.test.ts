import { describe, expect, test } from 'vitest';
import { caseId, rowOf } from '../fixtures/run-files.ts';
import type { ResultRow } from '../results/columns.ts';
import type { HistoryEvent } from '../results/events.ts';
import { type CaseComparison, compareRuns } from './compare.ts';
import { toldBy } from './told.ts';

const dense = rowOf('dense', { speedup: 1.002 });
/** Enough cases for each to have a spread that others like it steady. */
const techniques = Array.from({ length: 20 }, (_, i) => `t${i}`);

/** A run of five processes a case that differ by 1 %, unless figures say otherwise. */
function run(speedups: Readonly<Record<string, number>> = {}, figures: ResultRow = {}): ResultRow[] {
  const rows = techniques.map((technique) => {
    const speedup = speedups[technique] ?? 2;
    return rowOf(technique, { processes: 5, speedup_sd_between: 0.01, speedup, p20_ns: 2000 / speedup, ...figures });
  });
  return [dense, ...rows];
}

const of = (comparisons: readonly CaseComparison[], technique: string) =>
  comparisons.find((comparison) => comparison.caseId === caseId(technique));
const verdictsOf = (comparisons: readonly CaseComparison[]) =>
  Object.fromEntries(comparisons.map(({ caseId: id, verdict }) => [id.split(':')[1], verdict]));

test('one case that became 20 % slower is found among others that stayed, and one that became faster', () => {
  const comparisons = compareRuns(run(), run({ t1: 1.6, t2: 2.6 }));
  expect(verdictsOf(comparisons)).toMatchObject({ t1: 'slower', t2: 'faster', t3: 'same', dense: 'unpaired' });
  expect(of(comparisons, 't1')?.regressions).toEqual(['slower']);
  expect(of(comparisons, 't2')?.regressions).toEqual([]);
  expect(Math.exp(of(comparisons, 't1')?.shift?.log ?? 0)).toBeCloseTo(0.8, 12);
});

test('the same run twice is the same in every case', () => {
  const paired = compareRuns(run(), run()).filter(({ shift }) => shift !== undefined);
  expect(paired.map(({ verdict }) => verdict)).toEqual(techniques.map(() => 'same'));
});

test('swapping base and head mirrors verdicts and shifts', () => {
  const [a, b] = [run(), run({ t1: 1.6 })];
  const [forth, back] = [compareRuns(a, b), compareRuns(b, a)];
  expect(of(back, 't1')?.verdict).toBe('faster');
  expect(of(back, 't1')?.shift?.log).toBeCloseTo(-(of(forth, 't1')?.shift?.log ?? 0), 12);
});

test('the interval is Student’s t times the spread between processes over their number', () => {
  // Each case has 4 + 4 degrees of its own. Those like it all agree, so their variances scatter as little as is allowed
  // for (50 degrees); the mean of twenty of them is as uncertain as to leave 36.05 (SciPy 1.17.1). Of the logarithm of a
  // variance with 8 degrees the expectation is 0.130 too low, with 50 it is 0.020: the prior is e^0.110 times what was
  // seen. The error is σ·√(2 · 1.43 / 5), since a run's speed-up is a median of five; t(44.05; 2.5 %) = 2.0153.
  const { shift } = of(compareRuns(run(), run()), 't1') ?? {};
  expect(shift?.interval.high).toBeCloseTo(2.0153 * 0.0104652 * Math.sqrt((2 * 1.43) / 5), 5);
  expect(shift?.interval.low).toBeCloseTo(-(shift?.interval.high ?? 0), 12);
});

test('a case whose own processes scatter is not judged by how steady the others are', () => {
  const scattering = (rows: ResultRow[]) =>
    rows.map((row) => (row.technique === 't1' ? { ...row, speedup_sd_between: 0.15 } : row));
  const comparisons = compareRuns(scattering(run()), scattering(run({ t1: 1.7, t2: 1.7 })));
  expect(verdictsOf(comparisons)).toMatchObject({ t1: 'inconclusive', t2: 'slower' });
});

test('where the cases of a backend lie further apart than their processes, none of them counts', () => {
  const scattered = Object.fromEntries(techniques.map((technique, i) => [technique, 2 * (1 + 0.05 * ((i % 5) - 2))]));
  const decided = compareRuns(run(), run(scattered)).filter(({ verdict }) => ['slower', 'faster'].includes(verdict));
  expect(decided).toEqual([]);
});

test('a whole backend that became slower is seen', () => {
  const slower = Object.fromEntries(techniques.map((technique) => [technique, 1.6]));
  const verdicts = Object.values(verdictsOf(compareRuns(run(), run(slower)))).filter(
    (verdict) => verdict !== 'unpaired',
  );
  expect(verdicts).toEqual(techniques.map(() => 'slower'));
});

test('p is held against all cases together', () => {
  // Thirty-odd cases may differ by chance where one may not: 3.5 % with an error of 0.76 % is t = 4.6.
  const one = compareRuns([...run().slice(0, 2)], [...run({ t0: 1.93 }).slice(0, 2)]);
  const many = compareRuns(run(), run({ t0: 1.93 }));
  const [alone, among] = [one, many].map((comparisons) => of(comparisons, 't0')?.shift?.p ?? 0);
  expect(among).toBeGreaterThan(0);
  expect(alone).toBeGreaterThan(0);
  const unadjusted = of(compareRuns(run(), run({ t0: 1.93, t1: 1.93 })), 't1')?.shift?.p ?? 0;
  // Holm: the least of 20 times 20, the next times 19, but never less than the one before.
  expect(unadjusted).toBeCloseTo(among, 12);
});

test('changes under 2 % are none, however sure', () => {
  const steady = { speedup_sd_between: 0.0001 };
  expect(verdictsOf(compareRuns(run({}, steady), run({ t1: 1.97 }, steady))).t1).toBe('same');
});

test('an interval must lie within 5 % at both ends to be called the same', () => {
  const [low, high] = [0.985, 1 / 0.985].map((factor) => of(compareRuns(run(), run({ t1: 2 * factor })), 't1'));
  expect(low?.verdict).toBe('same');
  expect(high?.verdict).toBe('same');
  const wide = { speedup_sd_between: 0.04 };
  for (const factor of [0.97, 1 / 0.97])
    expect(of(compareRuns(run({}, wide), run({ t1: 2 * factor }, wide)), 't1')?.verdict).toBe('inconclusive');
});

test('says the least change it would have seen', () => {
  const [steady, restless] = [0.005, 0.05].map(
    (speedup_sd_between) =>
      of(compareRuns(run({}, { speedup_sd_between }), run({}, { speedup_sd_between })), 't1')?.shift,
  );
  // The error as above; t(44.05) at p = 0.01/20 is 3.758, and one time in ten luck takes 1.301 errors from a shift.
  expect(steady?.detectable).toBeCloseTo((3.758 + 1.301) * 0.00523259 * Math.sqrt(0.572), 5);
  const sure = of(compareRuns(run({}, { speedup_sd_between: 0.001 }), run({}, { speedup_sd_between: 0.001 })), 't1');
  expect(sure?.shift?.detectable).toBeCloseTo(Math.log(1.02), 12);
  expect(restless?.detectable).toBeCloseTo((3.758 + 1.301) * 0.0523259 * Math.sqrt(0.572), 4);
});

describe('how far processes lie apart is told by their rounds too', () => {
  /** Of two processes that lie `apart`, whose rounds leave each uncertain by `error`. */
  const figuresOf = (error: number, apart: number): ResultRow => ({
    processes: 2,
    speedup_sd_between: apart / Math.SQRT2,
    speedup_ci95_low: 2 * Math.exp(-apart / 2 - 1.96 * error),
    speedup_ci95_high: 2 * Math.exp(apart / 2 + 1.96 * error),
  });
  const detectableOf = (t1: ResultRow) => {
    const all = () => run({}, figuresOf(0.004, 0.02)).map((row) => (row.technique === 't1' ? { ...row, ...t1 } : row));
    const comparisons = compareRuns(all(), all());
    const [own, usual] = ['t1', 't2'].map((technique) => of(comparisons, technique)?.shift?.detectable ?? 0);
    return own / usual;
  };

  test('a case whose rounds scatter more is held to differ more from process to process', () => {
    expect(detectableOf(figuresOf(0.04, 0.02))).toBeGreaterThan(3);
    expect(detectableOf(figuresOf(0.001, 0.02))).toBeLessThan(0.7);
  });

  test('processes that agree by luck do not look sure twice over', () => {
    expect(detectableOf(figuresOf(0.004, 0.0001))).toBeGreaterThan(0.7);
  });

  test('decode and prefill have each their own', () => {
    /** t0 … t9 at M = 1, steady; the others at M = 64, where processes lie ten times as far apart. */
    const mixed = () =>
      run().map((row, i) => ({ ...row, M: i > 10 ? 64 : 1, ...figuresOf(0.004, i > 10 ? 0.05 : 0.005) }));
    const alone = { processes: 1, speedup_sd_between: undefined };
    const halves = mixed().map((row) => (['t3', 't15'].includes(row.technique ?? '') ? { ...row, ...alone } : row));
    const comparisons = compareRuns(halves, halves);
    const [decode, prefill] = ['t3', 't15'].map((technique) => of(comparisons, technique)?.shift?.detectable ?? 0);
    expect(prefill / decode).toBeGreaterThan(4);
    expect(decode).toBeLessThan(of(comparisons, 't12')?.shift?.detectable ?? 0);
  });

  test('a row without an interval is taken for a usual one', () => {
    expect(detectableOf({ speedup_ci95_low: undefined, speedup_ci95_high: undefined })).toBeCloseTo(1, 9);
  });
});

test('runs of one process each are held against how far all their cases lie apart', () => {
  const once = (speedups: Record<string, number> = {}) =>
    run(speedups).map((row) => ({ ...row, processes: undefined, speedup_sd_between: undefined }));
  const apart = Object.fromEntries(techniques.map((technique, i) => [technique, 2 * Math.exp(0.02 * Math.sin(3 * i))]));
  expect(verdictsOf(compareRuns(once(), once({ ...apart, t1: 1.2 }))).t1).toBe('slower');
  expect(verdictsOf(compareRuns(once(), once({ ...apart, t1: 1.95 }))).t1).not.toBe('slower');
});

describe('the state of the core', () => {
  const on = (core_state: string | undefined, speedup = 2) => run({ t1: speedup }, { core_state });

  test.each([
    ['free', 'free', 'slower', undefined],
    ['shared', 'shared', 'slower', undefined],
    ['free', undefined, 'slower', undefined],
    ['free', 'shared', 'inconclusive', 'measured on a shared core'],
    ['mixed', 'free', 'inconclusive', 'measured on a shared core'],
  ])('%s against %s', (base, head, verdict, reason) => {
    expect(of(compareRuns(on(base), on(head, 1.6)), 't1')).toMatchObject({ verdict, reason });
  });
});

describe('a verdict against the clock', () => {
  const at = (p20_ns: number, env_hash = 'e1') => ({ p20_ns, env_hash });

  test('counts for nothing where the case took as long as before: its baseline had changed', () => {
    const comparison = of(compareRuns(run({}, at(1000)), run({ t1: 0.04 }, at(1036))), 't1');
    expect(comparison).toMatchObject({ verdict: 'inconclusive', regressions: [] });
    expect(comparison?.reason).toMatch(/its own time says otherwise/);
  });

  test.each([
    ['the case itself took longer', at(1250)],
    ['times of another machine say nothing', at(1000, 'e2')],
  ])('holds where %s', (_, figures) => {
    expect(of(compareRuns(run({}, at(1000)), run({ t1: 1.6 }, figures)), 't1')?.verdict).toBe('slower');
  });

  test.each([
    [1080, 'inconclusive'],
    [1160, 'slower'],
  ])('takes a quarter of the change for agreement: %d ns instead of 1000', (p20, verdict) => {
    // A speed-up of 2 that becomes 1.28 is a logarithm of −0.446, of which a quarter is −0.112, or 1.118 times as long.
    expect(of(compareRuns(run({}, at(1000)), run({ t1: 1.28 }, at(p20))), 't1')?.verdict).toBe(verdict);
  });

  test('counts for nothing where the case became faster by the ratio alone', () => {
    expect(of(compareRuns(run({}, at(1000)), run({ t1: 3.2 }, at(1000))), 't1')?.verdict).toBe('inconclusive');
    expect(of(compareRuns(run({}, at(1000)), run({ t1: 3.2 }, at(700))), 't1')?.verdict).toBe('faster');
  });

  test('holds where the baseline only became a little faster', () => {
    expect(of(compareRuns(run({}, at(1000)), run({ t1: 1.8 }, at(1000))), 't1')?.verdict).toBe('slower');
  });
});

test('rows of other threads are two things: neither speed nor bytes are compared', () => {
  const [base, head] = [2, 4].map((threads) => run({}, { threads, workspace_bytes: 100 * threads }));
  expect(of(compareRuns(base, head), 't1')).toMatchObject({
    verdict: 'unpaired',
    reason: 'its threads are others: 2 and 4',
    changes: [],
    regressions: [],
  });
});

describe('what is compared exactly', () => {
  const compareOne = (head: ResultRow) => of(compareRuns([dense, rowOf('int4')], [dense, rowOf('int4', head)]), 'int4');

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

  test('drift that was past its budget before is no news', () => {
    const over = run({}, { drift_ok: false });
    expect(of(compareRuns(over, over), 't1')?.regressions).toEqual([]);
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
    const comparisons = compareRuns(base, [dense]);
    expect(of(comparisons, 'int4')).toMatchObject({ verdict: 'unpaired', regressions: ['vanished'] });
    expect(of(comparisons, 'csr')?.regressions).toEqual([]);
  });

  test('a case that head was not asked for is none, one that it was asked for and fails is one all the same', () => {
    const comparisons = compareRuns(
      [...base, rowOf('nf4')],
      [dense, rowOf('nf4', { status: 'error' })],
      () => 'not asked for',
    );
    expect(of(comparisons, 'int4')).toMatchObject({ verdict: 'unpaired', reason: 'not asked for', regressions: [] });
    expect(of(comparisons, 'nf4')?.regressions).toEqual(['was ok, is error']);
  });

  test.each(['skipped', 'unsupported', 'incorrect', 'error', 'timeout', 'oom'])('from ok to %s', (status) => {
    const comparison = of(compareRuns(base, [dense, rowOf('int4', { status, reason: 'why' })]), 'int4');
    expect(comparison?.regressions).toEqual([`was ok, is ${status}: why`]);
  });

  test('a row without a speed-up on either side is unpaired, and says why', () => {
    const without = run().map((row) => (row.technique === 't1' ? { ...row, speedup: undefined } : row));
    for (const [base, head] of [
      [run(), without],
      [without, run()],
    ])
      expect(of(compareRuns(base, head), 't1')).toMatchObject({ verdict: 'unpaired', reason: 'has no paired ratio' });
  });

  test('noisy counts as ran', () => {
    expect(of(compareRuns(base, [dense, rowOf('int4', { status: 'noisy' })]), 'int4')?.regressions).toEqual([]);
  });

  test('a new case is listed, and one that runs again is no regression', () => {
    const comparisons = compareRuns(base, [dense, rowOf('int4'), rowOf('csr'), rowOf('nf4')]);
    expect(of(comparisons, 'nf4')).toMatchObject({ verdict: 'unpaired', reason: 'new', regressions: [] });
    expect(of(comparisons, 'csr')).toMatchObject({ reason: 'runs now; was error: broke', regressions: [] });
  });

  test('other inputs are not compared at all', () => {
    const head = rowOf('int4', { input_hash: 'i2', sqnr_db: 1, speedup: 9 });
    expect(of(compareRuns(base, [head]), 'int4')).toMatchObject({ verdict: 'unpaired', changes: [], regressions: [] });
  });
});

test('absolute times are compared on one machine only', () => {
  const at = (env_hash: string | undefined, p20_ns: number) => [rowOf('int4', { env_hash, p20_ns })];
  expect(compareRuns(at('e1', 1000), at('e1', 1100))[0].timeRatio).toBeCloseTo(1.1, 12);
  expect(compareRuns(at('e1', 1000), at('e2', 1100))[0].timeRatio).toBeUndefined();
  expect(compareRuns(at(undefined, 1000), at(undefined, 1100))[0].timeRatio).toBeUndefined();
});

describe('what people said', () => {
  const at = '2031-01-02';
  const [old, meant, later] = ['b', 'c', 'd'].map((digit) => digit.repeat(40));
  const compareTold = (head: ResultRow, ...events: HistoryEvent[]) => {
    const slower = { git_commit: later, started_at: '2031-01-03T00:00:00.000Z', ...head };
    const told = toldBy(events, [later, meant, old]);
    return of(compareRuns(run({}, { git_commit: old }), run({ t1: 1.6 }, slower), undefined, told), 't1');
  };
  const accept = (commit: string): HistoryEvent => ({ kind: 'accept', at, text: 'wider', cases: ':t1:', commit });

  test('takes slower and drift for meant where the commit lies between the runs, and a failure for none', () => {
    const worse = { sqnr_db: 30 };
    expect(compareTold(worse, accept(meant))).toMatchObject({
      verdict: 'slower',
      regressions: [],
      told: 'accepted: wider',
    });
    expect(compareTold(worse, accept(meant.slice(0, 7)))?.regressions).toEqual([]);
    expect(compareTold(worse, accept(old))?.regressions).toEqual(['slower', 'worse drift or more bytes']);
    expect(compareTold({ drift_ok: false }, accept(meant))?.regressions).toEqual(['drifted past its budget']);
    expect(compareTold({ status: 'error', reason: 'x' }, accept(meant))?.regressions).toEqual(['was ok, is error: x']);
  });

  test('is said to be no help beyond its own commit where git does not know that', () => {
    const { notes } = toldBy([accept(old), accept('fedcba9')], [later, meant, old]);
    expect(notes).toEqual([
      'accept :t1: from commit fedcba9: wider; git knows no such commit before the one checked out, so this holds for runs of that very commit alone',
    ]);
  });

  test('silences until a day whatever it is', () => {
    const silence = (until: string): HistoryEvent => ({ kind: 'silence', at, text: 'why', cases: 't1', until });
    for (const figures of [{}, { status: 'error' }])
      expect(compareTold(figures, silence('2031-01-03'))).toMatchObject({
        regressions: [],
        told: 'silenced until 2031-01-03: why',
      });
    expect(compareTold({}, silence('2031-01-02'))?.regressions).toEqual(['slower']);
  });

  test('gives no verdict on speed where the machine was changed in between', () => {
    const event: HistoryEvent = { kind: 'machine', at, text: 'turbo off' };
    expect(compareTold({ sqnr_db: 30 }, event)).toMatchObject({
      verdict: 'inconclusive',
      reason: 'the machine was changed: turbo off',
      timeRatio: undefined,
      regressions: ['worse drift or more bytes'],
    });
    expect(compareTold({}, { ...event, at: '2031-01-04' })?.verdict).toBe('slower');
  });
});

test('a case that a time budget left out of either run is judged in none, and has neither vanished nor begun', () => {
  const rows = [dense, rowOf('int4'), rowOf('csr')];
  const budgeted = rows.map((row) =>
    row.technique === 'csr' ? { case_id: row.case_id, op: row.op, status: 'skipped', reason: 'budget' } : row,
  );
  for (const [base, head] of [
    [rows, budgeted],
    [budgeted, rows],
  ]) {
    const comparison = of(compareRuns(base, head), 'csr');
    expect(comparison).toMatchObject({
      verdict: 'unpaired',
      reason: 'left out by a time budget or with a missing shard',
      regressions: [],
    });
  }
  expect(of(compareRuns(budgeted, budgeted), 'csr')).toBeUndefined();
});
