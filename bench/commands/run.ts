import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { measure } from '../api/measure.ts';
import type { RunChoices } from '../api/run-choices.ts';
import { counted } from '../contract/counted.ts';
import { tareLine } from '../contract/typed-lines.ts';
import { ladderData, laddersOf } from '../report/ladder.ts';
import { roadData, roadLines } from '../report/road-table.ts';
import type { Road } from '../report/roads.ts';
import { formatSummary } from '../report/summary.ts';
import { textWidth, wrapText } from '../report/text-table.ts';
import { printReport, type VerdictReport } from '../report/verdict-report.ts';
import { isFailure } from '../results/failure.ts';
import { saveBaseline } from '../results/named-baselines.ts';
import { disturbanceDuring } from '../run/busy-machine.ts';
import type { RunOutcome } from '../run/run-outcome.ts';
import { INTERRUPTED, stoppable } from '../run/stop-signals.ts';
import { baselineFlags, compareWithBaseline, readBaseline } from './baseline-flags.ts';
import { browserFlags } from './browser-flags.ts';
import { budgetFlags } from './budget-flags.ts';
import { effortFlags, effortOfFlags } from './effort-flags.ts';
import { modelChoiceOf, modelFlags } from './model-flags.ts';
import { outFlag } from './out-flag.ts';
import { createProgress } from './progress.ts';
import { minSqnrFlag } from './report-flags.ts';
import { roadsOfRun } from './run-roads.ts';
import { once, onceNumber, selectionFlags, selectionOf, threadsFlag } from './selection-flags.ts';

/** Node's timers count milliseconds in 31 bits. */
const MAX_TIMEOUT_S = 2_000_000;

export const timeoutFlag = {
  requiresArg: true,
  coerce: onceNumber('timeout', {
    must: `must be above 0 s and at most ${MAX_TIMEOUT_S}`,
    isRight: (value) => value > 0 && value <= MAX_TIMEOUT_S,
  }),
  describe: 'time limit of one pass of a case, s',
  defaultDescription: "the preset's",
} as const satisfies Options;

const flags = {
  ...selectionFlags,
  ...modelFlags,
  ...browserFlags,
  out: outFlag,
  resume: {
    type: 'string',
    requiresArg: true,
    coerce: once('resume'),
    describe: 'finish an interrupted run: its id or its CSV',
  },
  timeout: timeoutFlag,
  ...effortFlags,
  ...budgetFlags,
  threads: threadsFlag,
  shard: {
    type: 'string',
    requiresArg: true,
    coerce: once('shard'),
    describe: 'i/n: only the i-th of n parts of the cases, for n machines; tare merge joins them',
  },
  'shard-costs': {
    type: 'string',
    requiresArg: true,
    coerce: once('shard-costs'),
    describe: 'CSV of an earlier run or of its costs, the same for all shards, by whose times they are balanced',
    defaultDescription: 'results/nightly-costs.csv, or results/baseline.csv',
  },
  'in-process': { type: 'boolean', default: false, describe: 'no child processes: for debuggers, not for figures' },
  ...baselineFlags,
  'min-sqnr': minSqnrFlag,
  json: { type: 'boolean', default: false, describe: 'print the rows as JSON instead of the table' },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags> & { debug?: boolean }>;

export const runCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'run',
  describe: 'measure: writes <run>.csv, its raw samples and its machine, prints the summary',
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 run', 'the quick preset, into results/')
      .example('$0 run --preset smoke --backend ts,gpujs-webasm', 'does it all run?')
      .example("$0 run --suite quantized --filter '*int4*M=1,*'", 'int4 decode only')
      .example('$0 run --technique int4,q4-k --axis method=gptq', 'a method in place of round to nearest')
      .example('$0 run --weights model.safetensors --filter fc1', 'your own layers')
      .example('$0 run --suite quantized --m 1,8,64', "the suite's layers at other numbers of tokens")
      .example('$0 run --shape 1,4096,4096', 'products of a size of your own')
      .example('$0 run --suite ladder', 'one product from three loops to threads and GPUs')
      .example('$0 run --suite models', 'whole models: bytes, tokens per second, perplexity')
      .example('$0 run --model SmolLM2-135M --text my.txt', 'your own')
      .example('$0 run --adapters ./lora --axis correction=learned', 'what was learned beside rounded weights')
      .example('$0 run --datastore my.txt --axis datastore=int8', 'a text that is looked up beside the model')
      .example('$0 run --draft small-moby --axis drafted=2,4,8', 'texts by drafts of a smaller model')
      .example('$0 run --processes 10 --filter csr', 'what differs from process to process')
      .example('$0 run --save-baseline main', 'keep this run as main')
      .example('$0 run --baseline main', 'what changed since')
      .example('$0 run --preset nightly --budget 30m', 'of all that, what tells most')
      .example('$0 run --preset nightly --shard 2/4', 'the second of four machines')
      .example('$0 run --resume 2031-05-04T03-02-01-7f3a', 'go on after Ctrl-C or a crash'),
  handler: run,
};

async function run(argv: Flags): Promise<void> {
  const base = await readBaseline(argv);
  const progress = createProgress();
  const begin = (signal: AbortSignal) =>
    measure(choicesOf(argv), { debug: argv.debug ?? false, signal, ...progress }).finally(progress.end);
  // With --in-process a kernel can only be stopped together with tare itself.
  const outcome = await (argv['in-process'] ? begin(new AbortController().signal) : stoppable(begin));
  const isWhole = !outcome.interrupted;
  const compared = base !== undefined && isWhole ? compareWithBaseline(base, outcome.csvPath) : undefined;
  report(outcome, argv, await roadsOfRun(outcome.rows, argv.suite), compared?.report);
  if (argv.saveBaseline !== undefined && isWhole) {
    const kept = saveBaseline(outcome.csvPath, argv.out, argv.saveBaseline);
    if (!argv.json) process.stdout.write(`kept as ${kept}\n`);
  }
  if (!isWhole) process.exitCode = INTERRUPTED;
  else if (outcome.rows.some(isFailure) || compared?.isRegression) process.exitCode = 1;
}

function choicesOf(argv: Flags): RunChoices {
  const { out, resume, history, budget, timeout, inProcess, threads, shard, shardCosts, browser, headed } = argv;
  return {
    ...selectionOf(argv),
    ...modelChoiceOf(argv),
    ...effortOfFlags(argv),
    budgetS: budget,
    history,
    timeoutS: timeout,
    inProcess,
    threads,
    browser: { path: browser, headed },
    shard,
    shardCosts,
    out,
    resume,
  };
}

function report(
  { runId, csvPath, rows, notes, interrupted, missing }: RunOutcome,
  { json, minSqnr }: Flags,
  roads: readonly Road[],
  compared: VerdictReport | undefined,
): void {
  if (json) {
    const ladders = laddersOf(rows).map(ladderData);
    const printed = {
      run_id: runId,
      csv: csvPath,
      rows,
      ladders: ladders.length > 0 ? ladders : undefined,
      roads: roads.length > 0 ? roads.map(roadData) : undefined,
      comparison: compared?.data,
    };
    process.stdout.write(`${JSON.stringify(printed, undefined, 2)}\n`);
  } else {
    const said = [...notes, disturbanceDuring(rows) ?? []]
      .flat()
      .map((note) => `${wrapText(note, textWidth(), '  ')}\n`)
      .join('');
    const summary = formatSummary(rows, { width: textWidth(), minSqnrDb: minSqnr });
    const weighed = roadLines(roads, textWidth())
      .map((line) => `${line}\n`)
      .join('');
    process.stdout.write(`${summary}\n${weighed === '' ? '' : `\n${weighed}\n`}${said}${csvPath}\n`);
    if (compared !== undefined) {
      process.stdout.write('\n');
      printReport(compared, 'table', textWidth());
    }
  }
  if (interrupted) {
    process.stderr.write(
      `tare: interrupted with ${counted(missing, 'case')} to go; finish with: ${tareLine(`run --resume ${csvPath}`)}\n`,
    );
  }
}
