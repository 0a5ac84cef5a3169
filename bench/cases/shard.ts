// One run spread over several machines: each runs one shard of its cases, and all come to the same split by themselves.

import { counted } from '../contract/counted.ts';
import { InputError } from '../contract/input-error.ts';
import { quantile } from '../statistics/quantile.ts';

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** Reads `2/4`; throws InputError. */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && index >= 1 && index <= count) return { index, count };
  throw new InputError(`--shard: must read i/n with i from 1 to n, got ${text}`);
}

/** A case that was skipped when costs were recorded may run here; its process alone takes this long. */
const LEAST_COST_S = 0.1;

/**
 * The ids that fall to the shard, in their order. The costliest case goes to the shard that has least to do so far,
 * then the next (longest processing time first, Graham 1969), so that no shard takes more than 4/3 of the best split.
 */
export function casesOfShard(ids: readonly string[], shard: Shard, costs: ReadonlyMap<string, number>): string[] {
  if (shard.count > ids.length)
    throw new InputError(`--shard: must be of at most ${counted(ids.length, 'shard')}, one a case, got ${shard.count}`);
  const usual = costs.size > 0 ? quantile([...costs.values()], 0.5) : 1;
  const costOf = (id: string) => costs.get(id) ?? usual;
  const loads = new Array<number>(shard.count).fill(0);
  const taken = new Set<string>();
  for (const id of ids.toSorted((a, b) => costOf(b) - costOf(a) || compareText(a, b))) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] += Math.max(costOf(id), LEAST_COST_S);
    if (least === shard.index - 1) taken.add(id);
  }
  return ids.filter((id) => taken.has(id));
}

/** The same on every machine, whatever its language. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What of a row tells its cost. */
interface CostRow {
  readonly case_id?: string;
  readonly started_at?: string;
  readonly shard?: string;
}

/**
 * What each case of a run took, in s: the time until the next one on its machine began. Of the last one on each it is not
 * known.
 */
export function recordedCosts(rows: readonly CostRow[]): Map<string, number> {
  const machines = Map.groupBy(rows, ({ shard }) => shard);
  return new Map([...machines.values()].flatMap(costsOnMachine));
}

function costsOnMachine(rows: readonly CostRow[]): [caseId: string, costS: number][] {
  const starts = rows.flatMap(({ case_id, started_at }) => {
    const at = Date.parse(started_at ?? '');
    return case_id === undefined || Number.isNaN(at) ? [] : [{ case_id, at }];
  });
  const inTime = starts.toSorted((a, b) => a.at - b.at);
  return inTime.slice(0, -1).map(({ case_id, at }, i) => [case_id, (inTime[i + 1].at - at) / 1000]);
}
