// A run as it is asked for, new or resumed: what `tare run` and a program of one's own both call.
import { basename, dirname } from 'node:path';
import { chosenBrowser } from '../backends/browser/find-browser.ts';
import { InputError } from '../contract/input-error.ts';
import { NODE_FLAGS } from '../contract/node-flags.ts';
import { type RunOptions, resumeRun, startRun } from '../run/run.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import { knownFrom } from './known-cases.ts';
import { argumentsOf, type RunChoices } from './run-choices.ts';
import { costsOfPreset, shardCosts } from './shard-costs.ts';

/** Who is told what, and what ends the run. */
export type Watching = Omit<RunOptions, 'out' | 'shardCosts' | 'costs' | 'known' | 'place'>;

/** Throws InputError on what can't be run. */
export async function measure(choices: RunChoices, watching: Watching): Promise<RunOutcome> {
  if (typeof Float16Array === 'undefined')
    throw new InputError(
      `run: Node must have Float16Array, got ${process.version}; start it with ${NODE_FLAGS.join(' ')}`,
    );
  const { resume, out = 'results', history, budgetS } = choices;
  // A run that is resumed has the budget it was begun with.
  if (history !== undefined && budgetS === undefined && resume === undefined)
    throw new InputError('--history: must go with --budget, whose time it helps to spend');
  const folder = folderOfRun({ resume, out });
  const known = () => {
    const { known: records, note } = knownFrom(history ?? folder);
    if (note !== undefined) watching.onWarning?.(note);
    return records;
  };
  const costs = usualCosts(choices);
  const options = { ...watching, out: folder, shardCosts: shardCosts(choices.shardCosts), costs, known };
  const asked = argumentsOf(choices);
  if (resume === undefined) return startRun({ ...asked, browser: await chosenBrowser(asked.browser) }, options);
  assertNothingElse(choices);
  return resumeRun(resume.endsWith('.csv') ? basename(resume, '.csv') : resume, options);
}

/** A run that is resumed by its CSV lies where that does. */
function folderOfRun({ resume, out }: { readonly resume?: string; readonly out: string }): string {
  return resume?.endsWith('.csv') ? dirname(resume) : out;
}

/** With another effort than the preset's nobody has recorded any. */
export function usualCosts({ processes, rounds, minTimeS, preset = 'quick' }: RunChoices): Map<string, number> {
  const isUsual = [processes, rounds, minTimeS].every((effort) => effort === undefined);
  return isUsual ? costsOfPreset(preset) : new Map();
}

/** A run is finished as it was begun: what is asked beside --resume would be passed over. */
function assertNothingElse(choices: RunChoices): void {
  if (selecting(choices) === selecting({})) return;
  throw new InputError('--resume: must stand without flags that select cases or effort: a run goes on as it was begun');
}

/** What selects cases or effort, to be compared. */
function selecting(choices: RunChoices): string {
  const { timeout, inProcess, threads, ...asked } = argumentsOf(choices);
  return JSON.stringify(
    Object.entries(asked)
      .filter(([, value]) => value !== undefined)
      .toSorted(),
  );
}
