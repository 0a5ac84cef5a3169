// What `import … from 'tare'` gives: to programs that measure and compare, and to techniques and suites, which every process of a
// case loads. So what measures is loaded when it is called.

import type { CaseEvent } from '../run/case-event.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import type { CompareChoices, Compared } from './compare-files.ts';
import type { RunChoices } from './run-choices.ts';

export { InputError } from '../contract/input-error.ts';
export type { Problem } from '../contract/problem.ts';
export { type Block, defineSuite, type PresetName, type Suite } from '../contract/suite.ts';
export * from '../contract/technique.ts';
export type { CaseComparison, Shift, Verdict } from '../judge/compare.ts';
export type { ResultRow } from '../results/columns.ts';
export type { CaseEvent, CompareChoices, Compared, RunChoices, RunOutcome };

/** What a program may want to know of a run, and how it ends one. */
export interface RunWatch {
  /** Ends the run after the case that is under way; it then counts as interrupted, and can be resumed. */
  readonly signal?: AbortSignal;
  /** Told before each pass of a case and after it, where the case is finished with its row. */
  readonly onCase?: (event: CaseEvent) => void;
  /** Told what disturbs the run, what was left out of it and what was mended, in a sentence each. */
  readonly onWarning?: (what: string) => void;
}

/**
 * Measures, as `tare run` does: writes the CSV, its raw samples and its manifest, and resolves when all is on disk. Cases that fail are
 * rows with their reason. Rejects with InputError on what can't be run; the message names the choice by its flag.
 */
export async function run(choices: RunChoices = {}, watch: RunWatch = {}): Promise<RunOutcome> {
  const { measure } = await import('./measure.ts');
  return measure(choices, { debug: false, signal: new AbortController().signal, onCase: () => {}, ...watch });
}

/**
 * Two runs against each other, as `tare compare` holds them: CSVs with what lies beside them. Throws InputError on what is no run, or
 * where no case is in both.
 */
export async function compare(base: string, head: string, choices: CompareChoices = {}): Promise<Compared> {
  const { compareFiles } = await import('./compare-files.ts');
  return compareFiles(base, head, choices);
}
