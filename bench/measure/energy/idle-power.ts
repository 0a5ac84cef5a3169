import { setTimeout as delay } from 'node:timers/promises';
import { type EnergyCounter, type NoCounter, openEnergyCounter } from './powercap.ts';
import type { EnergySource } from './turn-energy.ts';

/** Some hundred steps of the counter. */
const IDLE_MS = 500;

/** The machine's counter and what it counts of an idle machine, or why there is none; `folder` is another one in tests alone. */
export async function openEnergySource(folder?: string): Promise<EnergySource | NoCounter> {
  const counter = openEnergyCounter(folder);
  if ('reason' in counter) return counter;
  const idleW = await measureIdlePower(counter);
  return typeof idleW === 'number' ? { counter, idleW } : idleW;
}

/** What the packages take while tare waits, W; whatever else the machine does is in it. */
export async function measureIdlePower(
  counter: EnergyCounter,
  now: () => number = () => performance.now(),
  wait: (ms: number) => Promise<unknown> = delay,
): Promise<number | NoCounter> {
  const [startMs, before] = [now(), counter.readJoules()];
  await wait(IDLE_MS);
  const joules = counter.readJoules() - before;
  const watts = (joules * 1000) / (now() - startMs);
  if (watts > 0) return watts;
  return {
    reason: Number.isNaN(watts) ? 'the counter can no longer be read' : 'the counter stands still',
    mend: 'virtual machines show counters that count nothing; there is nothing to do about it in one',
  };
}
