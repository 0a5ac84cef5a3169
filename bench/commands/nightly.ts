import { join } from 'node:path';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { knownFrom } from '../api/known-cases.ts';
import { usualCosts } from '../api/measure.ts';
import { argumentsOf } from '../api/run-choices.ts';
import { selectCases } from '../cases/select.ts';
import type { PresetName } from '../contract/suite.ts';
import { type NightOutcome, spendNight } from '../nightly/night.ts';
import { webhookOf } from '../nightly/webhook.ts';
import { textWidth, wrapText } from '../report/text-table.ts';
import { INTERRUPTED, stoppable } from '../run/stop-signals.ts';
import { browserFlags, browserOf } from './browser-flags.ts';
import { budgetFlags } from './budget-flags.ts';
import { effortFlags, effortOfFlags } from './effort-flags.ts';
import { modelChoiceOf, modelFlags } from './model-flags.ts';
import { createProgress } from './progress.ts';
import { writeHistoryPage } from './report.ts';
import { timeoutFlag } from './run.ts';
import { once, selectionFlags, selectionOf, threadsFlag } from './selection-flags.ts';
import { historyFolder } from './users-folder.ts';

const flags = {
  ...selectionFlags,
  preset: { ...selectionFlags.preset, default: 'nightly' as PresetName },
  ...modelFlags,
  ...browserFlags,
  ...effortFlags,
  timeout: timeoutFlag,
  threads: threadsFlag,
  budget: { ...budgetFlags.budget, defaultDescription: 'all cases' },
  history: {
    ...budgetFlags.history,
    default: historyFolder(),
    defaultDescription: "tare's own results/history/",
    describe: 'folder the nights are kept in',
  },
  report: {
    type: 'string',
    requiresArg: true,
    coerce: once('report'),
    describe: 'the page that is written after each night',
    defaultDescription: 'report.html in --history',
  },
  unfinished: { type: 'boolean', default: false, describe: 'only go on with a night that was interrupted, as at boot' },
  json: { type: 'boolean', default: false, describe: 'print what the night came to as JSON' },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags> & { debug?: boolean }>;

export const nightlyCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'nightly',
  describe: 'a night on a machine that nobody watches: run, keep, track, report, tell TARE_WEBHOOK; docs/nightly.md',
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 nightly --budget 3h', 'what tells most in three hours')
      .example('$0 nightly --unfinished', 'at boot: goes on with the night that the reboot ended')
      .example('TARE_WEBHOOK=https://… $0 nightly', 'and tell it there'),
  handler: nightly,
};

async function nightly(argv: Flags): Promise<void> {
  const webhook = webhookOf(process.env);
  const { history, timeout, threads, budget } = argv;
  const progress = createProgress();
  const choices = { ...selectionOf(argv), ...modelChoiceOf(argv), ...effortOfFlags(argv) };
  const selection = argumentsOf({ ...choices, budgetS: budget, timeoutS: timeout, threads });
  // Asked here too, so that what is wrong is said before anything is locked; axes are known by it as techniques spell them.
  const { axes } = await selectCases(selection);
  const browser = await browserOf(argv);
  const asked = { ...selection, axes, browser };
  const outcome = await stoppable((signal) =>
    spendNight({
      history,
      asked,
      onlyUnfinished: argv.unfinished,
      report: (csv, folder) => writeHistoryPage(csv, folder, argv.report ?? join(folder, 'report.html')),
      webhook,
      say: progress.onWarning,
      shardCosts: new Map(),
      costs: usualCosts(choices),
      known: () => knownFrom(history).known,
      debug: argv.debug ?? false,
      signal,
      ...progress,
    }).finally(progress.end),
  );
  print(outcome, argv.json);
}

function print({ state, told, failures }: NightOutcome, json: boolean): void {
  for (const failure of failures) process.stderr.write(`tare: ${failure}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ state, nights: told, failures }, undefined, 2)}\n`);
  else for (const { summary } of told) process.stdout.write(`${wrapText(summary, textWidth())}\n`);
  if (state === 'nothing to do') process.stderr.write('tare: no night is unfinished\n');
  if (state === 'interrupted') {
    process.stderr.write('tare: interrupted; the next start goes on with it\n');
    process.exitCode = INTERRUPTED;
  } else if (failures.length > 0 || told.some(({ exit_code }) => exit_code !== 0)) process.exitCode = 1;
}
