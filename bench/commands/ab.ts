import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { argumentsOf } from '../api/run-choices.ts';
import { backends } from '../backends/backend.ts';
import { presets } from '../cases/preset.ts';
import { PROJECT } from '../cases/registry.ts';
import type { Budget } from '../contract/budget.ts';
import { InputError } from '../contract/input-error.ts';
import { IS_PACKAGE } from '../contract/module-file.ts';
import type { KernelKind } from '../contract/runtimes/runtimes.ts';
import { ensureUseLiteCache } from '../inputs/use-lite/use-lite-cache-build.ts';
import { checkOut } from '../judge/ab/checkout.ts';
import { type ComparedCommits, findCommits } from '../judge/ab/commits.ts';
import { compareVersions, isRegression } from '../judge/ab/compare-versions.ts';
import { selectChanged } from '../judge/ab/select-changed.ts';
import { abReport } from '../report/ab-report.ts';
import { textWidth } from '../report/text-table.ts';
import { printReport } from '../report/verdict-report.ts';
import { INTERRUPTED, stoppable } from '../run/stop-signals.ts';
import { createCountdown } from './progress.ts';
import { REGRESSION, reportFlags } from './report-flags.ts';
import { COUNT, onceNumber, selectionFlags, selectionOf, threadsFlag } from './selection-flags.ts';

const { kernels: _, ...caseFlags } = selectionFlags;

const flags = {
  ...caseFlags,
  format: reportFlags.format,
  all: { type: 'boolean', default: false, describe: 'run the cases too whose code is the same on both sides' },
  exact: { type: 'boolean', default: false, describe: 'compare with base itself, not with where head parted from it' },
  processes: {
    requiresArg: true,
    coerce: onceNumber('processes', COUNT),
    default: 15,
    describe: 'processes each case is measured in; many cases need more, and get them',
  },
  threads: threadsFlag,
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<
  InferredOptionTypes<typeof flags> & { baseRef?: string; headRef?: string; debug?: boolean }
>;

export const abCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'ab <base-ref> [head-ref]',
  describe: 'two commits against each other, in turn in one process; exits with 1 on a confirmed regression',
  builder: (yargs) =>
    yargs
      .positional('base-ref', { type: 'string', describe: 'commit to compare with: a branch, a tag, a hash' })
      .positional('head-ref', {
        type: 'string',
        describe: 'commit to judge',
        defaultDescription: 'the working tree as it is',
      })
      .options(flags)
      .example('$0 ab main', 'what the working tree does to the speed of the kernels it changes')
      .example('$0 ab main my-branch --technique int4 --format markdown', 'as a comment on a pull request')
      .example('$0 ab HEAD HEAD --all', 'a commit against itself: what this machine takes for a difference'),
  handler: (argv) => stoppable((signal) => ab(argv, signal)),
};

async function ab(argv: Flags, signal: AbortSignal): Promise<void> {
  if (IS_PACKAGE)
    throw new InputError('ab: must be called in a checkout of tare, whose commits it compares, got the package');
  const commits = findCommits(PROJECT, { base: argv.baseRef ?? '', head: argv.headRef, exact: argv.exact });
  if (commits.base.sha === commits.head.sha && !argv.all) {
    throw new InputError(
      `base-ref: must differ from head, got ${commits.base.label} for both; --all compares it with itself`,
    );
  }
  try {
    await compareCommits(commits, argv, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (!signal.aborted) return;
  process.stderr.write(
    'tare: interrupted before there was a verdict; what was checked out is kept for the next time\n',
  );
  process.exitCode = INTERRUPTED;
}

async function compareCommits(commits: ComparedCommits, argv: Flags, signal: AbortSignal): Promise<void> {
  const countdown = createCountdown();
  for (const file of commits.leftOut)
    process.stderr.write(`tare: left out of the working tree, untracked and large: ${file}\n`);
  const withWasm = isKindAsked('wasm', argv.backend);
  const checkout = { withWasm, signal, say: countdown.say };
  const base = await checkOut(commits, commits.base.sha, checkout);
  const head = await checkOut(commits, commits.head.sha, checkout);
  const projects = { base, head };
  const { kernels: _none, ...choice } = argumentsOf(selectionOf({ ...argv, kernels: [] }));
  const selection = await selectChanged(choice, projects, argv.all);
  if (selection.cases.some(({ case: { problem } }) => problem.weights.startsWith('use-lite/'))) ensureUseLiteCache();
  const outcomes = await compareVersions(
    {
      projects,
      cases: selection.cases,
      budget: budgetOf(argv.preset),
      threads: argv.threads,
      seed: argv.seed,
      processes: argv.processes,
      timeoutS: presets[argv.preset].timeoutS,
    },
    { debug: argv.debug ?? false, signal, onProcess: countdown.onStep },
  ).finally(countdown.end);
  if (outcomes === undefined) return;
  printReport(abReport({ commits, selection, outcomes }), argv.format, textWidth());
  if (outcomes.some(({ outcome }) => isRegression(outcome))) process.exitCode = REGRESSION;
}

function isKindAsked(kind: KernelKind, asked: readonly string[]): boolean {
  return backends.some((backend) => backend.kind === kind && (asked.length === 0 || asked.includes(backend.id)));
}

/** Rounds as short as a call each: the two versions then alternate call by call. */
const MOST_ROUNDS = 1000;

/** More processes tell more than longer ones, so the nightly preset has more cases but no more time for each. */
function budgetOf(preset: keyof typeof presets): Budget {
  return { ...presets[preset === 'smoke' ? 'smoke' : 'quick'].budget, rounds: MOST_ROUNDS };
}
