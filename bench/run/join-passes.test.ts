import { describe, expect, test } from 'vitest';
import type { CaseResult, CoreState, Pair } from '../contract/case-result.ts';
import { joinPasses, joinRatios, passesThatCount, wantsFreeCore } from './join-passes.ts';

/** A process whose rounds have these speed-ups, one sample a round: the candidate takes 1000 ns. */
const pairOf = (...speedups: number[]): Pair => ({
  candidate: { rounds: speedups.map(() => [1000]), dropped: 1 },
  baseline: { rounds: speedups.map((speedup) => [1000 * speedup]), dropped: 0 },
});
const steady = (speedup: number) => pairOf(speedup, speedup, speedup, speedup, speedup, speedup);
const resultOf = (samples: Pair, more: Partial<CaseResult> = {}): CaseResult => ({
  status: 'ok',
  inputHash: 'i',
  samples,
  ...more,
});
const options = { seed: 0, baselineP20Ns: undefined };

describe('the speed-up over processes', () => {
  test('is the median of theirs, however many rounds each has', () => {
    const { speedup } = joinRatios([steady(2), steady(3), pairOf(...new Array(40).fill(9))]);
    expect(speedup).toBeCloseTo(3, 12);
  });

  test('of two processes lies between them, and so does its interval', () => {
    const { speedup, ci95, sdBetween } = joinRatios([steady(1), steady(4)]);
    expect(speedup).toBeCloseTo(2, 12); // the middle of log 1 and log 4
    expect(ci95).toEqual({ low: expect.closeTo(1, 12), high: expect.closeTo(4, 12) });
    // Of 0 and log 4 about their mean log 2, divided by one less than their number: √(2 · 0.6931²) = 0.9803.
    expect(sdBetween).toBeCloseTo(0.9803, 4);
  });

  test('is the same in whichever order they ran, and so is what lies between them', () => {
    const { ci95, sdBetween } = joinRatios([steady(4), steady(1), steady(2)]);
    expect(ci95).toEqual({ low: expect.closeTo(1, 12), high: expect.closeTo(4, 12) });
    // Of 0, log 2 and 2 log 2 about log 2: √(2 · log²2 / 2).
    expect(sdBetween).toBeCloseTo(Math.LN2, 12);
  });

  test('leaves out a process none of whose rounds has samples of both sides', () => {
    expect(joinRatios([steady(2), pairOf(), steady(3)])).toEqual(joinRatios([steady(2), steady(3)]));
    expect(joinRatios([pairOf()]).ci95).toBeUndefined();
  });

  test('has an interval no narrower than what rounds within the outermost processes scatter by', () => {
    const wide = [1.9, 1.9, 1.9, 2, 2.1, 2.1, 2.1];
    const { ci95 } = joinRatios([pairOf(...wide), steady(2)]);
    expect(ci95?.low).toBeLessThan(1.95);
    expect(ci95?.high).toBeGreaterThan(2.05);
  });

  test('of one process is that of its rounds, and nothing is known of others', () => {
    expect(joinRatios([steady(2)])).toEqual({ speedup: 2, ci95: { low: 2, high: 2 } });
  });

  test('leaves out the farthest process at either end once nine are there', () => {
    const { ci95 } = joinRatios([1, 20, 21, 22, 23, 24, 25, 26, 900].map(steady));
    expect(ci95).toEqual({ low: expect.closeTo(20, 9), high: expect.closeTo(26, 9) });
  });

  test('goes by the range of its rounds where a process has too few for an interval', () => {
    const { ci95 } = joinRatios([pairOf(1.5, 2, 2.5), pairOf(2, 2, 2)]);
    expect(ci95).toEqual({ low: expect.closeTo(1.5, 12), high: expect.closeTo(2.5, 12) });
  });
});

describe('passes on a free core', () => {
  const on = (state: CoreState | undefined, isMeasured = true) => ({
    state,
    result: {
      ...resultOf(steady(2)),
      ...(isMeasured ? {} : { status: 'error' as const, samples: undefined }),
      ...(state && { core: { state, freeRounds: 1, canaryCycles: [], bestCycles: 1 } }),
    },
  });
  const passes = (...states: (CoreState | undefined)[]) => states.map((state) => on(state));

  test.each([
    // [asked for, states, whether another is wanted]
    [4, ['free', 'shared', 'mixed', 'shared'], true],
    [4, ['free', 'free', 'shared', 'shared'], false],
    [5, ['free', 'free', 'shared', 'shared', 'mixed'], true],
    [5, ['free', 'free', 'free', 'shared', 'mixed'], false],
    [1, ['shared'], true],
    [1, ['free'], false],
    [4, ['shared', 'shared', 'shared', undefined], false],
  ] as const)('%d asked for, on cores %s: another wanted %s', (asked, states, isWanted) => {
    expect(wantsFreeCore(passes(...states), asked)).toBe(isWanted);
  });

  test('are the only ones that count where they are half of what was asked for, and else all count', () => {
    const mostlyFree = passes('free', 'shared', 'mixed', 'free');
    expect(passesThatCount(mostlyFree, 4)).toEqual([mostlyFree[0], mostlyFree[3]]);
    expect(passesThatCount(mostlyFree, 5)).toEqual(mostlyFree);
    const unknown = passes(undefined, undefined);
    expect(passesThatCount(unknown, 2)).toEqual(unknown);
  });

  test('do not hide a pass that failed', () => {
    const failed = [on('free'), on('free'), on('shared', false)];
    expect(passesThatCount(failed, 2)).toEqual(failed);
  });
});

describe('a case over its passes', () => {
  test('has the samples, times and dropped samples of all', () => {
    const joined = joinPasses([resultOf(steady(2)), resultOf(steady(2.1))], options);
    expect(joined).toMatchObject({ status: 'ok', processes: 2 });
    expect(joined.samples?.candidate).toMatchObject({ dropped: 2, rounds: { length: 12 } });
    expect(joined.summary).toMatchObject({ rounds: 12, samples: 12, p20Ns: 1000 });
  });

  test('that failed in any pass has failed, with that reason and no speed', () => {
    const failed: CaseResult = { status: 'incorrect', reason: 'output[3]: must be 1', inputHash: 'i' };
    expect(joinPasses([resultOf(steady(2)), failed], options)).toEqual(failed);
  });

  test('is noisy by the interval over all processes, not by that of one', () => {
    const noisy = { status: 'noisy', reason: 'of this process' } as const;
    const settled = joinPasses([resultOf(steady(2), noisy), resultOf(steady(2))], options);
    expect(settled).toMatchObject({ status: 'ok', reason: undefined });
    const apart = joinPasses([resultOf(steady(1)), resultOf(steady(1.6))], options);
    expect(apart).toMatchObject({ status: 'noisy', reason: 'the speed-up lies between 1.0 and 1.6' });
  });

  test('whose baseline took severalfold of what its own row says is noisy, and says so', () => {
    const joined = joinPasses([resultOf(steady(0.02))], { seed: 0, baselineP20Ns: 1000 });
    expect(joined.status).toBe('noisy');
    expect(joined.reason).toBe('the baseline took 20.0 ns beside this case and 1.0 µs in its own row');
    expect(joinPasses([resultOf(steady(2.9))], { seed: 0, baselineP20Ns: 1000 }).status).toBe('ok');
  });

  test.each([
    // [time of the baseline beside the case, in its own row, µs, what it comes to]
    [2.99, 1, 'ok', undefined],
    [3.01, 1, 'noisy', 'the baseline took 3.0 µs beside this case and 1.0 µs in its own row'],
    [1, 2.99, 'ok', undefined],
    [1, 3.01, 'noisy', 'the baseline took 1.0 µs beside this case and 3.0 µs in its own row'],
    [0.999, 4000, 'noisy', 'the baseline took 999.0 ns beside this case and 4.0 ms in its own row'],
    [999.9, 1, 'noisy', 'the baseline took 999.9 µs beside this case and 1.0 µs in its own row'],
  ])('a baseline of %d µs beside the case and %d µs in its own row: %s', (beside, own, status, reason) => {
    const joined = joinPasses([resultOf(steady(beside))], { seed: 0, baselineP20Ns: own * 1000 });
    expect(joined).toMatchObject({ status, reason });
  });

  test('says that preemption may have made the noise where it hit a tenth of both sides together', () => {
    // 6 samples a side are kept: 2 of 14 are 14 %.
    const apart: Pair = { candidate: pairOf(1, 1, 1, 1, 2, 2).candidate, baseline: pairOf(1, 1, 1, 1, 2, 2).baseline };
    const hit = (dropped: number): Pair => ({
      candidate: { ...apart.candidate, dropped: dropped / 2 },
      baseline: { ...apart.baseline, dropped: dropped / 2 },
    });
    const between = 'the speed-up lies between 1.0 and 2.0';
    expect(joinPasses([resultOf(hit(2))], options).reason).toBe(`${between}; 14 % of the samples were preempted`);
    expect(joinPasses([resultOf(hit(1))], options).reason).toBe(between);
  });

  test('says that the core was shared where it was', () => {
    const core = { state: 'shared', freeRounds: 0, canaryCycles: [], bestCycles: 1 } as const;
    const joined = joinPasses([resultOf(pairOf(1, 1, 1, 1, 2, 2), { core })], options);
    expect(joined.reason).toBe('the speed-up lies between 1.0 and 2.0; the core was shared');
  });

  test('that is too slow for an interval says how long a call takes, the median of the slower side', () => {
    expect(joinPasses([resultOf(pairOf(3e6, 3e6, 4e6))], options)).toMatchObject({
      status: 'noisy',
      reason: expect.stringMatching(/a call takes 3\.0 s$/),
    });
  });

  test('has what was known of none in no pass, and the middle and the most of what was known', () => {
    const bare = joinPasses([resultOf(steady(2)), resultOf(steady(2))], options);
    const absent = ['deviceTime', 'transfers', 'kernelNmse', 'peakRssBytes', 'loadAfter', 'canaryNs', 'drift'] as const;
    expect(absent.map((name) => bare[name])).toEqual(absent.map(() => undefined));
    expect(bare.driftOk).toBeUndefined();
    const known = [3, 9, 4].map((n) =>
      resultOf(steady(2), {
        loadAfter: n,
        canaryNs: n,
        timerResolutionNs: n,
        energyJ: n,
        peakRssBytes: n,
        driftOk: true,
      }),
    );
    expect(joinPasses(known, options)).toMatchObject({
      loadAfter: 9,
      canaryNs: 4,
      timerResolutionNs: 9,
      energyJ: 4,
      peakRssBytes: 9,
      driftOk: true,
    });
  });

  test('has the worst drift and kernel error, the largest memory and the highest load of its passes', () => {
    const drift = (sqnr_db: number) => ({
      sqnr_db,
      rel_fro_err: 0.1,
      max_abs_err: 1,
      p99_abs_err: 1,
      cosine: 0.9,
      nonfinite: 0,
    });
    const passes = [
      resultOf(steady(2), { drift: drift(30), driftOk: true, kernelNmse: 1e-14, peakRssBytes: 5, loadBefore: 3 }),
      resultOf(steady(2), { drift: drift(20), driftOk: false, kernelNmse: 1e-13, loadBefore: 1 }),
    ];
    const worst = { drift: { sqnr_db: 20 }, driftOk: false, kernelNmse: 1e-13, peakRssBytes: 5, loadBefore: 3 };
    expect(joinPasses(passes, options)).toMatchObject(worst);
    expect(joinPasses(passes.toReversed(), options)).toMatchObject(worst);
  });

  test('has the middle of what a device took', () => {
    const on = (ns: number) =>
      resultOf(steady(2), {
        deviceTime: { ns, speedup: ns / 10, quantumNs: ns },
        transfers: { uploadNs: ns, readbackNs: 2 * ns },
      });
    const joined = joinPasses([on(10), on(30), on(20)], options);
    expect(joined.deviceTime).toEqual({ ns: 20, speedup: 2, quantumNs: 30 });
    expect(joined.transfers).toEqual({ uploadNs: 20, readbackNs: 40 });
    const once = joinPasses([on(10), resultOf(steady(2))], options);
    expect(once.deviceTime).toEqual({ ns: 10, speedup: 1, quantumNs: 10 });
    expect(once.transfers).toEqual({ uploadNs: 10, readbackNs: 20 });
  });

  test('was measured on a free or a shared core where all its passes were, and else on a mixed one', () => {
    const on = (state: CoreState, freeRounds: number, bestCycles: number) =>
      resultOf(steady(2), { core: { state, freeRounds, canaryCycles: [freeRounds], bestCycles } });
    const [free, shared] = [on('free', 7, 20), on('shared', 1, 19)];
    expect(joinPasses([free, free], options).core?.state).toBe('free');
    expect(joinPasses([shared, shared], options).core?.state).toBe('shared');
    expect(joinPasses([free, shared], options).core).toEqual({
      state: 'mixed',
      freeRounds: 8,
      canaryCycles: [7, 1],
      bestCycles: 19,
    });
    expect(joinPasses([free, resultOf(steady(2))], options).core).toBeUndefined();
  });

  test('whose inputs changed between passes is an error that shows both hashes', () => {
    const joined = joinPasses([resultOf(steady(2)), resultOf(steady(2), { inputHash: 'j' })], options);
    expect(joined).toEqual({ status: 'error', reason: 'inputs: must be the same in every pass, got i and j' });
  });
});
