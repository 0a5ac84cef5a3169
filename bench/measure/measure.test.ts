import { expect, test } from 'vitest';
import { measurePair, pairedRatio, summarize } from './measure.ts';

const budget = { warmupMs: 1, measureMs: 20, rounds: 6 };
const options = { budget, seed: 1, timerResolutionNs: 100 };
const samples = (...rounds: number[][]) => ({ rounds, dropped: 0 });

test('both sides run in every round, asynchronous ones to their end', async () => {
  const calls = { candidate: 0, baseline: 0 };
  let pending = 0;
  const pair = await measurePair(
    {
      async run() {
        expect(pending++).toBe(0);
        await Promise.resolve();
        pending--;
        calls.candidate++;
      },
    },
    { run: () => void calls.baseline++ },
    options,
  );
  expect(pair.candidate.rounds).toHaveLength(6);
  expect(pair.baseline.rounds).toHaveLength(6);
  for (const round of [...pair.candidate.rounds, ...pair.baseline.rounds]) {
    expect(round.length).toBeGreaterThan(0);
    expect(round.every((ns) => ns > 0)).toBe(true);
  }
  expect(calls.candidate).toBeGreaterThan(6);
});

test('a kernel that throws while it is timed is not swallowed', async () => {
  let calls = 0;
  const failing = {
    run() {
      if (calls++ > 100) throw new Error('late');
    },
  };
  await expect(measurePair(failing, { run() {} }, options)).rejects.toThrow('late');
});

test('the speed-up is the median of the rounds’ own ratios, so that a slow spell of both sides cancels out', () => {
  const candidate = samples([10], [10], [1000], [10], [10]);
  const baseline = samples([20], [20], [2000], [20], [20]);
  const ratio = pairedRatio({ candidate, baseline }, 1);
  expect(ratio.speedup).toBeCloseTo(2);
  expect(ratio.ci95?.low).toBeCloseTo(2);
});

test('rounds whose samples were all preempted are left out', () => {
  const ratio = pairedRatio({ candidate: samples([10], [], [10]), baseline: samples([30], [90], [30]) }, 1);
  expect(ratio.speedup).toBeCloseTo(3);
});

test('figures of a case come from all its samples', () => {
  const summary = summarize(samples([5, 1], [2, 3], [4], [], [6]), 1);
  expect(summary).toMatchObject({ rounds: 4, samples: 6, minNs: 1, medianNs: 3.5, p20Ns: 2 });
});

test('samples last a hundred steps of the clock, however coarse', async () => {
  const callsPerSample = async (timerResolutionNs: number) => {
    let calls = 0;
    const pair = await measurePair({ run: () => void calls++ }, { run() {} }, { ...options, timerResolutionNs });
    return calls / pair.candidate.rounds.flat().length;
  };
  expect(await callsPerSample(50_000)).toBeGreaterThan(2 * (await callsPerSample(100)));
});
