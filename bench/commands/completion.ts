import type { Arguments } from 'yargs';
import { backends } from '../backends/backend.ts';
import { valuesOfAxes } from '../cases/axis-values.ts';
import { loadSuites, loadTechniques } from '../cases/registry.ts';
import { kernelsDirs } from '../cases/select.ts';
import { operationChoices } from '../contract/operations.ts';
import { presetNames } from '../contract/suite.ts';
import { exportFormatNames } from '../report/exports/export-formats.ts';
import { chartNames } from '../report/html/chart-names.ts';
import { sortKeys } from '../report/show-report.ts';
import { reportFormats } from '../report/verdict-report.ts';
import { allowances } from '../results/merge.ts';
import { namedQueries } from '../results/named-queries.ts';

/** Completes names after flags that take names, and leaves everything else to yargs. */
export async function completeNames(
  current: string,
  argv: Arguments,
  completionFilter: (onCompleted: (error: Error | null, completions: string[] | undefined) => void) => void,
  done: (completions: string[]) => void,
): Promise<void> {
  const words = (argv._ as string[]).concat(process.argv);
  const flag = words[words.length - 2];
  const names = await namesFor(flag);
  if (names !== undefined) return done(names.filter((name) => name.startsWith(current)));
  completionFilter((_, completions) => done(completions ?? []));
}

/** The names a flag takes, where it takes names. */
export async function namesFor(flag: string | undefined): Promise<string[] | undefined> {
  switch (flag) {
    case '--suite':
      return [...(await loadSuites()).keys()];
    case '--technique':
      return [...(await loadTechniques(kernelsDirs([]))).keys()];
    case '--axis':
      return axisValues();
    case '--preset':
      return [...presetNames];
    case '--format':
      return [...reportFormats];
    case '--to':
      return [...exportFormatNames];
    case '--chart':
      return [...chartNames];
    case '--sort':
      return [...sortKeys];
    case '--named':
      return namedQueries().map(({ name }) => name);
    case '--allow':
      return [...allowances];
    case '--backend':
      return backends.map((backend) => backend.id);
    default:
      return undefined;
  }
}

async function axisValues(): Promise<string[]> {
  const known = valuesOfAxes((await loadTechniques(kernelsDirs([]))).values(), operationChoices);
  return [...known].flatMap(([axis, values]) => values.map((value) => `${axis}=${value}`));
}
