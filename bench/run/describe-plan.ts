// What a run says of its length before it starts.

import { fitting, type NeededCase, needs } from '../cases/order-of-need.ts';
import { counted } from '../contract/counted.ts';

export interface Plan {
  /** Cases without a row that can run here, the most telling first. */
  readonly left: readonly NeededCase[];
  costS(caseId: string): number;
  /** Of the time budget; missing where there is none. */
  readonly leftS: number | undefined;
  /** What cases took before, s. */
  readonly recorded: ReadonlyMap<string, number>;
  /** Of each case at most, where the budget has time for more than usual. */
  readonly processes?: number;
}

/** A sentence. Where no case's cost was recorded it names no time but the budget. */
export function describePlan({ left, costS, leftS, recorded, processes }: Plan): string {
  const known = left.filter(({ case: { id } }) => recorded.has(id)).length;
  const totalS = left.reduce((sum, { case: { id } }) => sum + costS(id), 0);
  const of = known < left.length ? ` of ${known} of them` : '';
  const likely =
    known === 0 ? 'nobody has recorded how long they take' : `some ${duration(totalS)} by recorded costs${of}`;
  const whole = `${counted(left.length, 'case')}, ${likely}`;
  if (leftS === undefined) return whole;
  const fit = fitting(left, leftS, ({ id }) => costS(id));
  const counts = needs.flatMap((need) => {
    const count = fit.filter((each) => each.need === need).length;
    return count > 0 ? [`${SAID[need]} ${count}`] : [];
  });
  const chosen = counts.length > 0 ? ` (${counts.join(', ')})` : '';
  const never = left.filter(({ case: { id } }) => costS(id) > leftS).length;
  const tooLong = never > 0 ? `; ${never} would take longer than that by themselves` : '';
  const inMore = processes === undefined ? '' : `, each in up to ${counted(processes, 'process', 'processes')}`;
  return `${whole}; the budget's ${duration(leftS)} have room for ${fit.length}${chosen}${inMore}${tooLong}`;
}

const SAID: { readonly [Need in (typeof needs)[number]]: string } = {
  sentinel: 'sentinels',
  changed: 'changed code',
  suspected: 'suspected',
  new: 'never measured',
  oldest: 'oldest',
};

/** To two units, as one would say it. */
export function duration(seconds: number): string {
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
}
