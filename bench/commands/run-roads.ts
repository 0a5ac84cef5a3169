// What the suites of a run hold against each other, with the seeds of the models that are trained here.
import { join } from 'node:path';
import { loadOwnSuites, loadSuites, PROJECT } from '../cases/registry.ts';
import { isSuitePath } from '../contract/suite.ts';
import { readRuns, runsOf } from '../models/training/runs.ts';
import { type Road, roadsOf } from '../report/roads.ts';
import type { ResultRow } from '../results/columns.ts';

/** `asked`: suites as they were named, among them the user's own by their paths. */
export async function roadsOfRun(rows: readonly ResultRow[], asked: readonly string[]): Promise<Road[]> {
  const suites = [...(await loadSuites()), ...(await loadOwnSuites(asked.filter(isSuitePath)))];
  const runs = readRuns(join(PROJECT, 'bench', 'models'));
  const lossesOf = (recipe: string) => runsOf(runs, recipe).map(({ f16Loss }) => f16Loss);
  return suites.flatMap(([id, suite]) => {
    const own = rows.filter((row) => row.suite === id);
    return own.length === 0 ? [] : roadsOf(own, suite, lossesOf);
  });
}
