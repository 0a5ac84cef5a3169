import type { Interval } from './interval.ts';

export interface Estimate {
  readonly value: number;
  readonly interval: Interval;
}

/**
 * Where the quotient of two positive figures lies that were measured apart, out of the interval of each, at the same level:
 * how far they reach adds up as squares of logarithms (MOVER: Zou & Donner 2008, doi:10.1002/sim.3095).
 */
export function quotientInterval(above: Estimate, below: Estimate): Interval {
  const reach = (from: number, to: number) => Math.log(to / from);
  const quotient = above.value / below.value;
  const down = Math.hypot(reach(above.interval.low, above.value), reach(below.value, below.interval.high));
  const up = Math.hypot(reach(above.value, above.interval.high), reach(below.interval.low, below.value));
  return { low: quotient * Math.exp(-down), high: quotient * Math.exp(up) };
}
