// The flags that keep a run under a name, and hold a run against one that was kept.
import type { ArgumentsCamelCase, InferredOptionTypes, Options } from 'yargs';
import { readRun } from '../api/compare-files.ts';
import { argumentsOf } from '../api/run-choices.ts';
import { selectCases } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import type { VerdictReport } from '../report/verdict-report.ts';
import { assertBaselineName, findBaseline } from '../results/named-baselines.ts';
import type { ResultsFile } from '../results/results-file.ts';
import { judgeRuns } from './compare.ts';
import { modelChoiceOf, type modelFlags } from './model-flags.ts';
import { once, type selectionFlags, selectionOf } from './selection-flags.ts';

export const baselineFlags = {
  'save-baseline': {
    type: 'string',
    requiresArg: true,
    coerce: nameOf('save-baseline'),
    describe: 'keep the run under this name, in the folder baselines of --out',
  },
  baseline: {
    type: 'string',
    requiresArg: true,
    coerce: nameOf('baseline'),
    describe: 'compare the run with the one kept under this name; exits as compare does',
  },
} as const satisfies Record<string, Options>;

function nameOf(flag: string): (value: string | readonly string[]) => string {
  return (value) => {
    const name = once(flag)(value);
    assertBaselineName(flag, name);
    return name;
  };
}

type Flags = ArgumentsCamelCase<
  InferredOptionTypes<typeof baselineFlags & typeof selectionFlags & typeof modelFlags>
> & {
  readonly out: string;
  readonly resume?: string;
  readonly shard?: string;
};

/** The run that was asked to be compared with; read before anything is measured, so that what is wrong is said at once. */
export async function readBaseline(argv: Flags): Promise<ResultsFile | undefined> {
  const { baseline, saveBaseline, out, resume, shard } = argv;
  if (shard !== undefined && (baseline ?? saveBaseline) !== undefined) {
    throw new InputError('--shard: must stand without --baseline and --save-baseline; merge the shards, then compare');
  }
  if (baseline === undefined) return undefined;
  const base = readRun(findBaseline(out, baseline));
  if (resume !== undefined) return base;
  const { cases } = await selectCases(argumentsOf({ ...selectionOf(argv), ...modelChoiceOf(argv) }));
  if (cases.some(({ id }) => base.rows.some(({ case_id }) => case_id === id))) return base;
  throw new InputError(`--baseline: must have cases in common with this run, got none in ${base.path}`);
}

/** What the baseline has beyond what this run was asked for is not missed. */
export function compareWithBaseline(base: ResultsFile, csv: string): { report: VerdictReport; isRegression: boolean } {
  return judgeRuns(base, readRun(csv), { all: false });
}
