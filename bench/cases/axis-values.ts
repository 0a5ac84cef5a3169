// What can be said of axes and choices by name, whatever the technique.
import type { Axes, AxisValue, Technique } from '../contract/technique.ts';

/** The values that some technique or operation knows, by the name of the axis or choice. */
export function valuesOfAxes(techniques: Iterable<Technique>, ofOperations: Axes = {}): Map<string, AxisValue[]> {
  const known = new Map<string, Set<AxisValue>>();
  const all = [...[...techniques].map(({ axes, choices }) => ({ ...axes, ...choices })), ofOperations];
  for (const axes of all) {
    for (const [axis, values] of Object.entries(axes)) {
      known.set(axis, new Set([...(known.get(axis) ?? []), ...values]));
    }
  }
  return new Map([...known].map(([axis, values]) => [axis, [...values]]));
}

/** Whether a value is the one that was typed: numbers however they are written. */
export function isValue(value: AxisValue, typed: AxisValue): boolean {
  return typeof value === 'number' ? typed !== '' && value === Number(typed) : value === String(typed);
}
