import { describe, expect, test } from 'vitest';
import { fakeMachine } from './fake-machine.fixture.ts';
import { type InTurnOptions, measureInTurn } from './in-turn.ts';

/** Six rounds of two turns of 5 ms. */
const budget = { warmupMs: 1, measureMs: 60, rounds: 6 };
const optionsOf = ({ instruments }: { instruments: InTurnOptions['instruments'] }, seed = 1): InTurnOptions => ({
  budget,
  seed,
  instruments,
});

describe('samples', () => {
  test('are of one call each, however many were timed together', async () => {
    const machine = fakeMachine();
    const kernels = [machine.kernel('a', () => 0.004), machine.kernel('b', () => 0.008)];
    const { sides } = await measureInTurn(kernels, optionsOf(machine));
    expect(sides.map(({ rounds }) => rounds.flat().map(Math.round))).toEqual([
      expect.arrayContaining([4000]),
      expect.arrayContaining([8000]),
    ]);
    expect(new Set(sides.map(({ rounds }) => new Set(rounds.flat().map(Math.round)).size))).toEqual(new Set([1]));
  });

  test('last 20 µs and a hundred steps of the clock', async () => {
    const callsPerSample = async (timerResolutionNs: number) => {
      const machine = fakeMachine();
      const instruments = { ...machine.instruments, timerResolutionNs };
      const { sides } = await measureInTurn([machine.kernel('a', () => 0.001)], {
        budget: { ...budget, measureMs: 6 },
        seed: 1,
        instruments,
      });
      // A millisecond of warm-up is a thousand calls.
      return (machine.calls.length - 1000) / sides[0].rounds.flat().length;
    };
    for (const [stepNs, calls] of [
      [1, 20],
      [1000, 100],
    ]) {
      expect(await callsPerSample(stepNs)).toBeGreaterThanOrEqual(calls);
      expect(await callsPerSample(stepNs)).toBeLessThan(calls + 2);
    }
  });

  test('last 150 µs where the canary sings between them, at most a hundred of them a turn', async () => {
    const machine = fakeMachine({ canaryCycles: () => 1000 });
    const { sides } = await measureInTurn([machine.kernel('a', () => 0.001)], {
      ...optionsOf(machine),
      budget: { ...budget, measureMs: 6 },
    });
    expect(sides[0].rounds.map((round) => round.length)).toEqual(Array(6).fill(7));
    const long = await measureInTurn([machine.kernel('a', () => 0.001)], {
      ...optionsOf(machine),
      budget: { ...budget, measureMs: 600 },
    });
    expect(Math.max(...long.sides[0].rounds.map((round) => round.length))).toBeLessThanOrEqual(101);
  });

  test('begin when the kernel is warm', async () => {
    const machine = fakeMachine();
    const { sides } = await measureInTurn(
      [machine.kernel('a', (_, now) => (now < 1001 ? 0.5 : 0.1))],
      optionsOf(machine),
    );
    expect(Math.max(...sides[0].rounds.flat())).toBeCloseTo(100_000, 3);
  });

  test('of asynchronous kernels end with them', async () => {
    const machine = fakeMachine();
    const slow = machine.kernel('a', () => 0.3);
    let pending = 0;
    const kernel = {
      async run() {
        expect(pending++).toBe(0);
        await Promise.resolve();
        slow.run();
        pending--;
      },
    };
    const { sides } = await measureInTurn([kernel], optionsOf(machine));
    for (const ns of sides[0].rounds.flat()) expect(ns).toBeCloseTo(300_000, 3);
  });

  test('of a kernel that throws are not swallowed', async () => {
    const machine = fakeMachine();
    const failing = machine.kernel('a', (call) => {
      if (call > 100) throw new Error('late');
      return 0.1;
    });
    await expect(measureInTurn([failing], optionsOf(machine))).rejects.toThrow('late');
  });
});

describe('rounds', () => {
  test('are as many as asked for, fewer where calls are slow, but six; three where they take seconds', async () => {
    const roundsOf = async (callMs: number, minRounds?: number) => {
      const machine = fakeMachine();
      const kernels = [machine.kernel('a', () => callMs), machine.kernel('b', () => callMs)];
      const asked = { warmupMs: 1, measureMs: 300, rounds: 15, minRounds };
      const { sides } = await measureInTurn(kernels, { ...optionsOf(machine), budget: asked });
      return sides.map(({ rounds }) => rounds.length);
    };
    expect(await roundsOf(1)).toEqual([15, 15]);
    expect(await roundsOf(15)).toEqual([10, 10]);
    expect(await roundsOf(40)).toEqual([6, 6]);
    expect(await roundsOf(1600)).toEqual([3, 3]);
    expect(await roundsOf(40, 9)).toEqual([9, 9]);
    expect(await roundsOf(1600, 9)).toEqual([9, 9]);
  });

  test('hold both sides, each for its share of the time', async () => {
    const machine = fakeMachine();
    const { sides } = await measureInTurn(
      [machine.kernel('a', () => 1), machine.kernel('b', () => 0.5)],
      optionsOf(machine),
    );
    // 60 ms for six rounds of two turns: 5 ms a turn.
    expect(sides.map(({ rounds }) => rounds.map((round) => round.length))).toEqual([
      Array(6).fill(5),
      Array(6).fill(10),
    ]);
  });

  test('let each side begin about as often, in an order drawn by the seed', async () => {
    const firsts = async (seed: number) => {
      const machine = fakeMachine();
      const kernels = [machine.kernel('a', () => 5), machine.kernel('b', () => 5)];
      await measureInTurn(kernels, {
        ...optionsOf(machine, seed),
        budget: { warmupMs: 1, measureMs: 400, rounds: 40 },
      });
      // Two calls of each are warm-up; then every round is one call of each.
      return machine.calls.slice(4).filter((_, i) => i % 2 === 0);
    };
    const drawn = await firsts(1);
    const share = drawn.filter((name) => name === 'a').length / drawn.length;
    expect(drawn).toHaveLength(40);
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.75);
    expect(await firsts(1)).toEqual(drawn);
    expect(await firsts(2)).not.toEqual(drawn);
  });
});

describe('preempted samples', () => {
  test('are left out and counted', async () => {
    const machine = fakeMachine();
    const often = machine.kernel('a', (call) => {
      if (call % 10 === 0) machine.preempt(3);
      return 0.1;
    });
    const { sides, preemptedShare } = await measureInTurn([often, machine.kernel('b', () => 0.1)], optionsOf(machine));
    expect(Math.max(...sides[0].rounds.flat())).toBeCloseTo(100_000, 3);
    expect(sides[0].dropped).toBeGreaterThan(5);
    expect(sides[1].dropped).toBe(0);
    expect(preemptedShare).toBeGreaterThan(0);
  });

  test('stay where they are most of a side’s, with those of the other side', async () => {
    const machine = fakeMachine();
    const long = machine.kernel('a', () => {
      machine.preempt(1);
      return 10;
    });
    const short = machine.kernel('b', (call) => {
      if (call % 4 === 0) machine.preempt(1);
      return 1;
    });
    const { sides } = await measureInTurn([long, short], optionsOf(machine));
    expect(sides.map(({ dropped }) => dropped)).toEqual([0, 0]);
    expect(sides[0].rounds.flat()).toEqual(Array(6).fill(expect.closeTo(11e6, 0)));
    expect(sides[1].rounds.flat().some((ns) => ns > 1.5e6)).toBe(true);
  });

  test('of slow kernels are made up for by further rounds', async () => {
    const machine = fakeMachine();
    // 32 ms a call: every round is one sample, and of the planned six two fifths are lost.
    const slow = machine.kernel('a', (call) => {
      if (call % 5 < 2) machine.preempt(8);
      return 32;
    });
    const { sides } = await measureInTurn([slow, machine.kernel('b', () => 20)], optionsOf(machine));
    expect(sides[0].rounds).toEqual(Array(6).fill([expect.closeTo(32e6, 0)]));
    expect(sides[1].rounds).toHaveLength(6);
    expect(sides[0].dropped).toBeGreaterThanOrEqual(2);
  });

  test('stay where twice the rounds still leave too few without them', async () => {
    const machine = fakeMachine();
    // Two calls in five of either side are preempted, so that one round in five is left.
    const slow = machine.kernel('a', (call) => {
      if ([0, 2].includes(call % 5)) machine.preempt(8);
      return 30;
    });
    const other = machine.kernel('b', (call) => {
      if ([1, 3].includes(call % 5)) machine.preempt(8);
      return 30;
    });
    const { sides, preemptedShare } = await measureInTurn([slow, other], optionsOf(machine));
    expect(sides.map(({ rounds, dropped }) => [rounds.length, dropped])).toEqual([
      [12, 0],
      [12, 0],
    ]);
    expect(preemptedShare).toBeCloseTo(10 / 24, 10);
  });
});

describe('with a canary', () => {
  /** A kernel that a neighbour slows down by half, from 1 ms on. */
  const setUp = (isShared: (nowMs: number) => boolean, cycleNs?: (nowMs: number) => number) => {
    const machine = fakeMachine({ canaryCycles: (now) => (isShared(now) ? 1500 : 1000), cycleNs });
    const kernels = ['a', 'b'].map((name) => machine.kernel(name, (_, now) => (isShared(now) ? 1.5 : 1)));
    return { machine, kernels };
  };

  test('samples of a free core count', async () => {
    // 20 ms of every 60 are shared.
    const { machine, kernels } = setUp((now) => now % 60 < 20);
    const { sides, core } = await measureInTurn(kernels, {
      ...optionsOf(machine),
      budget: { ...budget, measureMs: 120, rounds: 12 },
    });
    expect(core).toMatchObject({
      state: 'free',
      bestCycles: 1000,
      canaryCycles: Array(sides[0].rounds.length).fill(1000),
    });
    expect(core?.freeRounds).toBe(sides[0].rounds.length);
    // A call that a neighbour joined midway would be told by the canary after it.
    for (const { rounds } of sides) for (const ns of rounds.flat()) expect(ns).toBeCloseTo(1e6, 0);
  });

  test.each([
    [1.19, 'free'],
    [1.21, 'shared'],
  ])('at %f times its best the core is %s', async (multiple, state) => {
    const machine = fakeMachine({ canaryCycles: () => 1000 * multiple });
    const { core } = await measureInTurn([machine.kernel('a', () => 1)], {
      ...optionsOf(machine),
      bestCanaryCycles: 1000,
    });
    expect(core?.state).toBe(state);
  });

  test('a sample counts where the core was free before it and after', async () => {
    // The neighbour works in turns of 40 ms with pauses of 40, while calls of 25 ms go on: most begin or end beside it.
    const isShared = (now: number) => Math.floor(now / 40) % 2 === 0;
    const machine = fakeMachine({ canaryCycles: (now) => (isShared(now) ? 1500 : 1000) });
    const begun: number[] = [];
    const kernel = machine.kernel('a', (_, now) => {
      begun.push(now);
      // So that its samples say when they began.
      return 25 + begun.length / 1000;
    });
    const { sides, core } = await measureInTurn([kernel], {
      ...optionsOf(machine),
      budget: { warmupMs: 1, measureMs: 1000, rounds: 40 },
    });
    expect(core?.state).toBe('free');
    const kept = sides[0].rounds.flat().map((ns) => begun[Math.round((ns / 1e6 - 25) * 1000) - 1]);
    expect(kept.length).toBeGreaterThan(5);
    for (const at of kept) expect([isShared(at), isShared(at + 25)]).toEqual([false, false]);
  });

  test('a core that is free late is waited for', async () => {
    const { machine, kernels } = setUp((now) => now < 1050);
    const { core, sides } = await measureInTurn(kernels, { ...optionsOf(machine), bestCanaryCycles: 1000 });
    expect(core).toMatchObject({ state: 'free', freeRounds: 6 });
    expect(sides[0].rounds.flat().every((ns) => Math.round(ns) === 1e6)).toBe(true);
  });

  test('a core that is never free is given up after twice the rounds, and named', async () => {
    const { machine, kernels } = setUp(() => true);
    const { core, sides } = await measureInTurn(kernels, { ...optionsOf(machine), bestCanaryCycles: 1000 });
    expect(core).toMatchObject({ state: 'shared', freeRounds: 0, bestCycles: 1500 });
    expect(sides.map(({ rounds }) => rounds.length)).toEqual([12, 12]);
    expect(core?.canaryCycles).toEqual(Array(12).fill(1500));
  });

  test('a core that is free for too few rounds is mixed, and all rounds count', async () => {
    const { machine, kernels } = setUp((now) => now > 1030);
    const { core, sides } = await measureInTurn(kernels, optionsOf(machine));
    expect(core?.state).toBe('mixed');
    expect(core?.freeRounds).toBeGreaterThan(0);
    expect(core?.freeRounds).toBeLessThan(6);
    expect(sides[0].rounds).toHaveLength(12);
  });

  test('a core that lowers its clock is as free as before', async () => {
    const { machine, kernels } = setUp(
      () => false,
      (now) => (now < 1030 ? 0.25 : 0.35),
    );
    const { core } = await measureInTurn(kernels, optionsOf(machine));
    expect(core).toMatchObject({ state: 'free', freeRounds: 6 });
  });

  test('a machine that is never shared makes the planned rounds, and its best is handed on', async () => {
    const { machine, kernels } = setUp(() => false);
    const { core, sides } = await measureInTurn(kernels, { ...optionsOf(machine), bestCanaryCycles: 1100 });
    expect(core).toMatchObject({ state: 'free', freeRounds: 6, bestCycles: 1000 });
    expect(sides[0].rounds).toHaveLength(6);
  });
});

test('without one, nothing is said of the core', async () => {
  const machine = fakeMachine();
  const { core } = await measureInTurn([machine.kernel('a', () => 1)], {
    ...optionsOf(machine),
    bestCanaryCycles: 1000,
  });
  expect(core).toBeUndefined();
});
