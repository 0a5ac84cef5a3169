import { expect, test } from 'vitest';
import { type InTurnOptions, measureInTurn } from './in-turn.ts';
import type { Canary, Instruments } from './instruments.ts';
import type { Timed } from './warm-up.ts';

/** A machine whose clock moves only when something runs on it. */
class FakeMachine {
  nowMs = 0;
  preemptions = 0;
  /** Who ran, in order. */
  readonly calls: string[] = [];

  /** A kernel whose calls take what `costMs` says. */
  kernel(name: string, costMs: (call: number) => number): Timed {
    let call = 0;
    return {
      run: () => {
        this.calls.push(name);
        this.nowMs += costMs(call++);
      },
    };
  }

  instruments(canary?: Canary): Instruments {
    return { now: () => this.nowMs, timerResolutionNs: 1, preemptions: () => this.preemptions, canary };
  }
}

const budget = { warmupMs: 0, measureMs: 60, rounds: 6 };
const options = (instruments: Instruments, more: Partial<InTurnOptions> = {}): InTurnOptions => ({
  budget,
  seed: 1,
  instruments,
  ...more,
});

test('a sample is the time of one call, however many calls it holds', async () => {
  const machine = new FakeMachine();
  // 2 µs a call: ten of them make the 20 µs that a sample must last.
  const kernels = [machine.kernel('a', () => 0.002), machine.kernel('b', () => 0.004)];
  const { sides } = await measureInTurn(kernels, options(machine.instruments()));
  for (const ns of sides[0].rounds.flat()) expect(ns).toBeCloseTo(2000, 6);
  for (const ns of sides[1].rounds.flat()) expect(ns).toBeCloseTo(4000, 6);
});

test('each round holds both sides, for their share of the time', async () => {
  const machine = new FakeMachine();
  const { sides } = await measureInTurn(
    [machine.kernel('a', () => 1), machine.kernel('b', () => 0.5)],
    options(machine.instruments()),
  );
  // 60 ms for six rounds of two turns: 5 ms a turn.
  expect(sides[0].rounds.map((round) => round.length)).toEqual([5, 5, 5, 5, 5, 5]);
  expect(sides[1].rounds.map((round) => round.length)).toEqual([10, 10, 10, 10, 10, 10]);
});

test('who goes first is drawn anew in every round, by the seed', async () => {
  const firsts = async (seed: number) => {
    const machine = new FakeMachine();
    const kernels = [machine.kernel('a', () => 6), machine.kernel('b', () => 6)];
    await measureInTurn(
      kernels,
      options(machine.instruments(), { seed, budget: { ...budget, rounds: 20, measureMs: 240 } }),
    );
    const timed = machine.calls.slice(4);
    return timed.filter((_, i) => i % 2 === 0).join('');
  };
  const drawn = await firsts(1);
  expect(drawn).toMatch(/^[ab]{20}$/);
  expect(drawn).toMatch(/a.*b|b.*a/);
  expect(await firsts(1)).toBe(drawn);
  expect(await firsts(2)).not.toBe(drawn);
});

test('first calls, which V8 has not compiled yet, are not timed', async () => {
  const machine = new FakeMachine();
  const slowAtFirst = (call: number) => (call < 50 ? 1 : 0.1);
  const { sides } = await measureInTurn(
    [machine.kernel('a', slowAtFirst), machine.kernel('b', slowAtFirst)],
    options(machine.instruments(), { budget: { ...budget, warmupMs: 60 } }),
  );
  for (const ns of sides.flatMap(({ rounds }) => rounds.flat())) expect(ns).toBeCloseTo(100_000, 3);
});

test('preempted samples are left out and counted', async () => {
  const machine = new FakeMachine();
  const preempted = machine.kernel('a', (call) => {
    // Every tenth call the system takes the processor away for a while.
    if (call % 10 !== 9) return 0.5;
    machine.preemptions++;
    return 50;
  });
  const { sides, preemptedShare } = await measureInTurn(
    [preempted, machine.kernel('b', () => 0.5)],
    options(machine.instruments()),
  );
  for (const ns of sides[0].rounds.flat()) expect(ns).toBeCloseTo(500_000, 3);
  expect(sides[0].dropped).toBeGreaterThan(0);
  expect(sides[1].dropped).toBe(0);
  expect(preemptedShare).toBeGreaterThan(0);
});

test('where most samples of a side are preempted, none is left out: what remained would be luck', async () => {
  const machine = new FakeMachine();
  const preempted = machine.kernel('a', (call) => {
    if (call % 3 !== 0) machine.preemptions++;
    return call % 3 === 0 ? 5 : 7;
  });
  const { sides } = await measureInTurn([preempted, machine.kernel('b', () => 5)], options(machine.instruments()));
  expect(sides[0].dropped).toBe(0);
  expect(new Set(sides[0].rounds.flat().map(Math.round))).toEqual(new Set([5_000_000, 7_000_000]));
});

test('a slow case whose rounds lost their only sample goes on until an interval has its six', async () => {
  const machine = new FakeMachine();
  // Calls of 32 ms make rounds of one sample a side; every third round of a is preempted.
  const preempted = machine.kernel('a', (call) => {
    if (call % 3 !== 0) return 32;
    machine.preemptions++;
    return 40;
  });
  const { sides, goodRounds } = await measureInTurn(
    [preempted, machine.kernel('b', () => 32)],
    options(machine.instruments()),
  );
  expect(goodRounds).toBe(6);
  expect(sides[0].rounds.flat()).toHaveLength(6);
  for (const ns of sides[0].rounds.flat()) expect(ns).toBeCloseTo(32e6, 0);
});

test('calls of seconds get three rounds and no more', async () => {
  const machine = new FakeMachine();
  const { sides } = await measureInTurn(
    [machine.kernel('a', () => 4000), machine.kernel('b', () => 2000)],
    options(machine.instruments()),
  );
  expect(sides.map(({ rounds }) => rounds.flat())).toEqual([
    [4e9, 4e9, 4e9],
    [2e9, 2e9, 2e9],
  ]);
});

/** Loads take 1000 cycles alone and 1400 beside a neighbour; everything else takes half as long again then. */
function sharedMachine(isShared: (nowMs: number) => boolean) {
  const machine = new FakeMachine();
  const factor = () => (isShared(machine.nowMs) ? 1.5 : 1);
  const canary: Canary = { loadsNs: () => (isShared(machine.nowMs) ? 1400 : 1000) * 0.3, cycleNs: () => 0.3 };
  const kernels = [machine.kernel('a', () => 0.5 * factor()), machine.kernel('b', () => 0.5 * factor())];
  return { kernels, instruments: machine.instruments(canary) };
}

test('rounds of a shared core are left out where there are enough of a free one', async () => {
  const { kernels, instruments } = sharedMachine((nowMs) => nowMs > 20 && nowMs < 40);
  const { sides, core } = await measureInTurn(kernels, options(instruments, { budget: { ...budget, rounds: 12 } }));
  expect(core?.state).toBe('free');
  for (const ns of sides.flatMap(({ rounds }) => rounds.flat())) expect(ns).toBeCloseTo(500_000, 3);
});

test('a core that becomes free too late is waited for, up to twice the rounds', async () => {
  const { kernels, instruments } = sharedMachine((nowMs) => nowMs < 60);
  const { sides, core } = await measureInTurn(kernels, options(instruments));
  expect(core).toMatchObject({ state: 'free', bestCycles: 1000 });
  for (const ns of sides[0].rounds.flat()) expect(ns).toBeCloseTo(500_000, 3);
});

test('a core that stays shared is said to be, by what the canary showed before', async () => {
  const { kernels, instruments } = sharedMachine(() => true);
  const { sides, core } = await measureInTurn(kernels, options(instruments, { bestCanaryCycles: 1000 }));
  expect(core).toMatchObject({ state: 'shared', freeRounds: 0, bestCycles: 1400 });
  expect(sides[0].rounds).toHaveLength(12);
  expect(core?.canaryCycles).toHaveLength(12);
});

test('without a canary nothing is said of the core', async () => {
  const machine = new FakeMachine();
  const { core } = await measureInTurn([machine.kernel('a', () => 1)], options(machine.instruments()));
  expect(core).toBeUndefined();
});

test('asynchronous kernels run to their end, one at a time', async () => {
  const machine = new FakeMachine();
  let pending = 0;
  const kernel = {
    async run() {
      expect(pending++).toBe(0);
      await Promise.resolve();
      machine.nowMs += 1;
      pending--;
    },
  };
  const { sides } = await measureInTurn([kernel, kernel], options(machine.instruments()));
  for (const ns of sides.flatMap(({ rounds }) => rounds.flat())) expect(ns).toBeCloseTo(1e6, 3);
});

test('a kernel that throws while it is timed is not swallowed', async () => {
  const machine = new FakeMachine();
  const failing = machine.kernel('a', (call) => {
    if (call > 20) throw new Error('late');
    return 1;
  });
  await expect(measureInTurn([failing, failing], options(machine.instruments()))).rejects.toThrow('late');
});

test('samples last a hundred steps of the clock, however coarse', async () => {
  const callsPerSample = async (timerResolutionNs: number) => {
    const machine = new FakeMachine();
    const kernels = [machine.kernel('a', () => 0.01), machine.kernel('b', () => 0.01)];
    const { sides } = await measureInTurn(kernels, options({ ...machine.instruments(), timerResolutionNs }));
    const samples = sides.flatMap(({ rounds }) => rounds.flat()).length;
    return (machine.calls.length - 4) / samples;
  };
  expect(await callsPerSample(5000)).toBe(50);
  expect(await callsPerSample(100)).toBe(5);
});
