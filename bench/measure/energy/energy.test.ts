import { chmodSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { measureIdlePower, openEnergySource } from './idle-power.ts';
import { fakePowercap } from './powercap.fixture.ts';
import { type EnergyCounter, openEnergyCounter } from './powercap.ts';
import { turnEnergy } from './turn-energy.ts';

/** A server with two packages, as Linux shows it: cores and memory below them, the same package again, and the platform. */
const server = () =>
  fakePowercap({
    'intel-rapl:0': { name: 'package-0', microjoules: 5_000_000 },
    'intel-rapl:0:0': { name: 'core', microjoules: 4_000_000 },
    'intel-rapl:1': { name: 'package-1', microjoules: 7_000_000 },
    'intel-rapl:2': { name: 'psys', microjoules: 90_000_000 },
    'intel-rapl-mmio:0': { name: 'package-0', microjoules: 5_000_000 },
  });

function opened(folder: string): EnergyCounter {
  const counter = openEnergyCounter(folder);
  if ('reason' in counter) throw new Error(counter.reason);
  return counter;
}

describe('the counter', () => {
  test('adds up packages, each once, since it was opened', () => {
    const { folder, set } = server();
    const counter = opened(folder);
    expect([counter.packages, counter.readJoules()]).toEqual([2, 0]);
    set('intel-rapl:0', 6_500_000);
    set('intel-rapl:1', 7_250_000);
    for (const zone of ['intel-rapl:0:0', 'intel-rapl:2', 'intel-rapl-mmio:0']) set(zone, 99_000_000);
    expect(counter.readJoules()).toBeCloseTo(1.75, 9);
    set('intel-rapl:1', 8_000_000);
    expect(counter.readJoules()).toBeCloseTo(2.5, 9);
  });

  test('goes on where one of them begins again', () => {
    const { folder, set } = fakePowercap({
      'intel-rapl:0': { name: 'package-0', range: 10_000_000, microjoules: 9_500_000 },
      'intel-rapl:1': { name: 'package-1', range: 10_000_000, microjoules: 1_000_000 },
    });
    const counter = opened(folder);
    set('intel-rapl:0', 250_000);
    set('intel-rapl:1', 1_250_000);
    expect(counter.readJoules()).toBeCloseTo(1, 9);
    set('intel-rapl:0', 750_000);
    expect(counter.readJoules()).toBeCloseTo(1.5, 9);
  });

  test('that can no longer be read says no number from then on', () => {
    const { folder, set } = server();
    const counter = opened(folder);
    rmSync(join(folder, 'intel-rapl:1', 'energy_uj'));
    expect(counter.readJoules()).toBeNaN();
    set('intel-rapl:1', 7_000_000);
    expect(counter.readJoules()).toBeNaN();
  });

  test.each([
    [
      'a folder that is not there',
      join(tmpdir(), 'no-powercap'),
      /^no processor package in /,
      /modprobe intel_rapl_msr/,
    ],
    [
      'a platform alone',
      fakePowercap({ 'intel-rapl:0': { name: 'psys', microjoules: 1 } }).folder,
      /^no processor package in /,
      /modprobe/,
    ],
    [
      'what is no count',
      fakePowercap({ 'intel-rapl:0': { name: 'package-0', microjoules: '' } }).folder,
      /energy_uj: must be a count of µJ, got nothing$/,
      /nothing/,
    ],
  ])('is none for %s, and says why', (_, folder, reason, mend) => {
    expect(openEnergyCounter(folder)).toEqual({
      reason: expect.stringMatching(reason),
      mend: expect.stringMatching(mend),
    });
  });

  test('is none where only root may read it, and says how to change that', () => {
    const { folder } = server();
    const file = join(folder, 'intel-rapl:0', 'energy_uj');
    const isRoot = process.getuid?.() === 0;
    chmodSync(folder, 0o755);
    chmodSync(file, isRoot ? 0o400 : 0o000);
    // Root may read everything, and others may not even look into the folders above this one.
    const from = process.cwd();
    process.chdir(folder);
    if (isRoot) process.seteuid?.(NOBODY);
    const counter = openEnergyCounter('.');
    if (isRoot) process.seteuid?.(0);
    process.chdir(from);
    expect(counter).toEqual({
      reason: 'intel-rapl:0/energy_uj is readable by root alone',
      mend: expect.stringContaining('sudo chmod a+r ./intel-rapl:*/energy_uj'),
    });
  });
});

const NOBODY = 65_534;

/** Counts so many watts on a clock that a test sets. */
function fakeCounter() {
  const machine = { ms: 0, joules: 0 };
  return {
    counter: { packages: 1, readJoules: () => machine.joules },
    now: () => machine.ms,
    pass(ms: number, watts: number) {
      machine.ms += ms;
      machine.joules += (watts * ms) / 1000;
    },
  };
}

describe('idle power', () => {
  test('is what the counter gains while nothing is done', async () => {
    const { counter, now, pass } = fakeCounter();
    expect(await measureIdlePower(counter, now, async (ms) => pass(ms, 12.5))).toBeCloseTo(12.5, 9);
  });

  test.each([
    ['a counter that stands still', 0, /^the counter stands still$/],
    ['a counter that is gone', Number.NaN, /^the counter can no longer be read$/],
  ])('is none for %s', async (_, watts, reason) => {
    const { counter, now, pass } = fakeCounter();
    const idle = await measureIdlePower(counter, now, async (ms) => pass(ms, watts));
    expect(idle).toEqual({ reason: expect.stringMatching(reason), mend: expect.any(String) });
  });

  test('of files that never change is none', async () => {
    expect(await openEnergySource(server().folder)).toMatchObject({ reason: 'the counter stands still' });
  });
});

describe('the energy of a call', () => {
  test('is that of all turns of its side, less idle power, over the calls in them', () => {
    const { counter, now, pass } = fakeCounter();
    const { beginTurn, perCall } = turnEnergy({ counter, idleW: 10 }, now);
    for (const [side, ms, watts, calls] of [
      [0, 100, 30, 100],
      [1, 100, 50, 10],
      [0, 50, 60, 75],
    ]) {
      pass(40, 10);
      const endTurn = beginTurn(side);
      pass(ms, watts);
      endTurn(calls);
    }
    // (0.1 s · 20 W + 0.05 s · 50 W) / 175 and 0.1 s · 40 W / 10.
    expect(perCall(0)).toBeCloseTo(4.5 / 175, 12);
    expect(perCall(1)).toBeCloseTo(0.4, 12);
  });

  test('is not told where it comes to less than idle, where the counter was lost, and of a side without a turn', () => {
    const { counter, now, pass } = fakeCounter();
    const { beginTurn, perCall } = turnEnergy({ counter, idleW: 10 }, now);
    for (const [side, watts] of [
      [0, 9],
      [1, Number.NaN],
    ]) {
      const endTurn = beginTurn(side);
      pass(10, watts);
      endTurn(1);
    }
    expect([0, 1, 2].map(perCall)).toEqual([undefined, undefined, undefined]);
  });
});
