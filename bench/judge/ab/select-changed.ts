// Which cases two checkouts have in common, and which of them are worth running.
import { join } from 'node:path';
import { backendOf } from '../../backends/backend.ts';
import { loadTechniques } from '../../cases/registry.ts';
import { type CaseChoice, selectCases } from '../../cases/select.ts';
import type { Case } from '../../contract/case.ts';
import { InputError } from '../../contract/input-error.ts';
import type { Technique } from '../../contract/technique.ts';
import { changedCases, type Projects } from './changed-code.ts';
import type { ComparedCase } from './compare-versions.ts';

export interface ChangedSelection {
  readonly cases: readonly ComparedCase[];
  /** Cases left out since both sides run the same code. */
  readonly unchanged: number;
  /** Ids of cases that only head or only base can run. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** The choice is made among head's cases; with `all`, unchanged code is run too. */
export async function selectChanged(choice: CaseChoice, projects: Projects, all: boolean): Promise<ChangedSelection> {
  const head = await selectCases(choice, projects.head);
  const baseTechniques = await loadTechniques([join(projects.base, 'kernels')]);
  const runnable = head.cases.filter((entry) => canRun(head.techniques, entry));
  const [common, added] = partition(runnable, (entry) => canRun(baseTechniques, entry));
  const chosen = all ? common : changedCases(common, projects);
  const headIds = new Set(runnable.map(({ id }) => id));
  const inBase = (await casesOrNone(choice, projects.base)).filter((entry) => canRun(baseTechniques, entry));
  return {
    cases: chosen.map((entry) => ({
      case: entry,
      irregularAccess: head.techniques.get(entry.technique)?.irregularAccess ?? false,
    })),
    unchanged: common.length - chosen.length,
    added: added.map(({ id }) => id),
    removed: inBase.map(({ id }) => id).filter((id) => !headIds.has(id)),
  };
}

/** What head has and base lacks is no mistake of the user's. */
async function casesOrNone(choice: CaseChoice, project: string): Promise<readonly Case[]> {
  try {
    return (await selectCases(choice, project)).cases;
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** Is there a kernel of the backend's kind that takes these parameters? */
function canRun(techniques: ReadonlyMap<string, Technique>, { technique: id, backend, params }: Case): boolean {
  const technique = techniques.get(id);
  if (technique?.kernels[backendOf(backend).kind] === undefined) return false;
  const axes = Object.entries(technique.axes);
  return axes.length === Object.keys(params).length && axes.every(([axis, values]) => values.includes(params[axis]));
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}
