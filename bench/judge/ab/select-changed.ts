// Which cases two checkouts have in common, and which of them are worth running.
import { isValue } from '../../cases/axis-values.ts';
import { InputError } from '../../contract/input-error.ts';
import type { Params } from '../../contract/technique.ts';
import type { BridgeCase, BridgeChoice, CheckoutSide } from './bridge.ts';
import { changedCases } from './changed-code.ts';
import type { ComparedCase, Projects } from './compared-case.ts';
import { loadSide } from './load-side.ts';

export interface ChangedSelection {
  readonly cases: readonly ComparedCase[];
  /** Cases left out since both sides run the same code. */
  readonly unchanged: number;
  /** Ids of cases that only head or only base can run. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** The choice is made among head's cases; with `all`, unchanged code is run too. */
export async function selectChanged(choice: BridgeChoice, projects: Projects, all: boolean): Promise<ChangedSelection> {
  const [base, head] = [await loadSide(projects.base, 'base'), await loadSide(projects.head, 'head')];
  const common: ComparedCase[] = [];
  const added: string[] = [];
  const paired = new Set<string>();
  for (const entry of await casesOf(head, choice)) {
    const baseParams = await base.paramsFor(entry);
    if (baseParams === undefined) {
      added.push(entry.id);
      continue;
    }
    common.push({ case: entry, baseParams, irregularAccess: entry.irregularAccess });
    paired.add(keyOf(entry, baseParams));
  }
  const cases = all ? common : changedCases(common, projects);
  const inBase = (await casesOrNone(base, choice)).filter((entry) => isAsked(entry, choice));
  return {
    cases,
    unchanged: common.length - cases.length,
    added,
    removed: inBase.filter((entry) => !paired.has(keyOf(entry, entry.params))).map(({ id }) => id),
  };
}

/** What a case is, however the other checkout spells its id. */
function keyOf({ suite, technique, backend, problemKey }: BridgeCase, params: Params): string {
  return JSON.stringify([suite, technique, backend, problemKey, Object.entries(params).sort()]);
}

/** A checkout that has no `--axis` gives the cases too that it would leave out. */
function isAsked({ params, neutral }: BridgeCase, { axes = {} }: BridgeChoice): boolean {
  return Object.entries(axes).every(([axis, typed]) => {
    const value = params[axis] ?? neutral[axis];
    return value === undefined || typed.some((one) => isValue(value, one));
  });
}

/** A checkout's own classes are not ours: what is the user's mistake there is known by its name. */
async function casesOf(side: CheckoutSide, choice: BridgeChoice): Promise<BridgeCase[]> {
  try {
    return await side.cases(choice);
  } catch (error) {
    if (error instanceof Error && error.name === 'InputError') throw new InputError(error.message);
    throw error;
  }
}

/** What head has and base lacks is no mistake of the user's. */
async function casesOrNone(side: CheckoutSide, choice: BridgeChoice): Promise<BridgeCase[]> {
  try {
    return await casesOf(side, choice);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
