import { describe, expect, test } from 'vitest';
import type { CaseResult, CoreState, Pair } from '../contract/case-result.ts';
import { joinPasses, joinRatios } from './join-passes.ts';

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

  test('has the worst drift and kernel error, the largest memory and the highest load of its passes', () => {
    const drift = (sqnr_db: number) => ({
      sqnr_db,
      rel_fro_err: 0.1,
      max_abs_err: 1,
      p99_abs_err: 1,
      cosine: 0.9,
      nonfinite: 0,
    });
    const joined = joinPasses(
      [
        resultOf(steady(2), { drift: drift(30), driftOk: true, kernelNmse: 1e-14, peakRssBytes: 5, loadBefore: 3 }),
        resultOf(steady(2), { drift: drift(20), driftOk: false, kernelNmse: 1e-13, loadBefore: 1 }),
      ],
      options,
    );
    expect(joined).toMatchObject({ drift: { sqnr_db: 20 }, driftOk: false, kernelNmse: 1e-13, peakRssBytes: 5 });
    expect(joined.loadBefore).toBe(3);
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
