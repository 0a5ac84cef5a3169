import { expect, test } from 'vitest';
import { fakeMachine } from './fake-machine.fixture.ts';
import { warmUp } from './warm-up.ts';

test('a kernel runs for the time given, and its last five calls say what a call costs', async () => {
  const machine = fakeMachine();
  // Eight calls until the 50 ms are over: 10, 10, 10, 10, 4, 3, 2, 1; of the last five 3 is the median.
  const side = machine.kernel('a', (call) => [10, 10, 10, 10, 4, 3, 2, 1][call]);
  const warm = await warmUp(side, 50, machine.instruments);
  expect(machine.calls).toHaveLength(8);
  expect(warm).toMatchObject({ callMs: expect.closeTo(3, 9), isAsync: false });
  warm.run();
  expect(machine.calls).toHaveLength(9);
});

test('a kernel longer than the time runs twice, a very slow one once', async () => {
  const machine = fakeMachine();
  await warmUp(
    machine.kernel('slow', () => 1500),
    50,
    machine.instruments,
  );
  await warmUp(
    machine.kernel('very slow', () => 1501),
    50,
    machine.instruments,
  );
  expect(machine.calls).toEqual(['slow', 'slow', 'very slow']);
});

test('a kernel that became slow after its first calls is given no more of them', async () => {
  const machine = fakeMachine();
  await warmUp(
    machine.kernel('a', (call) => (call === 0 ? 1 : 2000)),
    50_000,
    machine.instruments,
  );
  expect(machine.calls.length).toBeLessThan(10);
});

test('a call below what the clock tells has the least time that it tells', async () => {
  const machine = fakeMachine();
  let calls = 0;
  const warm = await warmUp({ run: () => void calls++ }, 0, machine.instruments);
  expect([warm.callMs, calls]).toEqual([1e-4, 2]);
});

test('a kernel that finishes later is waited for', async () => {
  const machine = fakeMachine();
  const inner = machine.kernel('a', () => 7);
  const side = {
    run: async () => {
      await Promise.resolve();
      inner.run();
    },
  };
  expect(await warmUp(side, 10, machine.instruments)).toMatchObject({ callMs: 7, isAsync: true });
});
