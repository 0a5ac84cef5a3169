import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { DEFAULT_SEED } from '../contract/case.ts';
import { InputError } from '../contract/input-error.ts';
import { ladderData, laddersOf } from '../report/ladder.ts';
import { formatSummary } from '../report/summary.ts';
import { textWidth, wrapText } from '../report/text-table.ts';
import { printReport, type VerdictReport } from '../report/verdict-report.ts';
import { isFailure } from '../results/failure.ts';
import { saveBaseline } from '../results/named-baselines.ts';
import { disturbanceDuring } from '../run/busy-machine.ts';
import { type RunOptions, type RunOutcome, resumeRun, startRun } from '../run/run.ts';
import { INTERRUPTED, stoppable } from '../run/stop-signals.ts';
import { baselineFlags, compareWithBaseline, readBaseline } from './baseline-flags.ts';
import { browserFlags, browserOf } from './browser-flags.ts';
import { budgetFlags, knownFrom } from './budget-flags.ts';
import { effortFlags, effortOfFlags } from './effort-flags.ts';
import { modelChoiceOf, modelFlags } from './model-flags.ts';
import { createProgress } from './progress.ts';
import { minSqnrFlag } from './report-flags.ts';
import { once, onceNumber, selectionFlags, selectionOf, threadsFlag } from './selection-flags.ts';
import { costsOfPreset, shardCosts } from './shard-costs.ts';
import { resultsFolder } from './users-folder.ts';

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
  out: {
    type: 'string',
    requiresArg: true,
    default: resultsFolder(),
    defaultDescription: "tare's own results/",
    coerce: once('out'),
    describe: 'folder the results go to',
  },
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
      .example('$0 run --processes 10 --filter csr', 'what differs from process to process')
      .example('$0 run --save-baseline main', 'keep this run as main')
      .example('$0 run --baseline main', 'what changed since')
      .example('$0 run --preset nightly --budget 30m', 'of all that, what tells most')
      .example('$0 run --preset nightly --shard 2/4', 'the second of four machines')
      .example('$0 run --resume 2031-05-04T03-02-01-7f3a', 'go on after Ctrl-C or a crash'),
  handler: run,
};

async function run(argv: Flags): Promise<void> {
  // A run that is resumed has the budget it was begun with.
  if (argv.history !== undefined && argv.budget === undefined && argv.resume === undefined)
    throw new InputError('--history: must go with --budget, whose time it helps to spend');
  const base = await readBaseline(argv);
  const progress = createProgress();
  const known = () => {
    const { known: records, note } = knownFrom(argv.history ?? folderOfRun(argv));
    if (note !== undefined) progress.onWarning(note);
    return records;
  };
  const measure = (signal: AbortSignal) =>
    begin(argv, {
      out: folderOfRun(argv),
      shardCosts: shardCosts(argv.shardCosts),
      costs: usualCosts(argv),
      known,
      debug: argv.debug ?? false,
      signal,
      ...progress,
    }).finally(progress.end);
  // With --in-process a kernel can only be stopped together with tare itself.
  const outcome = await (argv['in-process'] ? measure(new AbortController().signal) : stoppable(measure));
  const isWhole = !outcome.interrupted;
  const compared = base !== undefined && isWhole ? compareWithBaseline(base, outcome.csvPath) : undefined;
  report(outcome, argv, compared?.report);
  if (argv.saveBaseline !== undefined && isWhole) {
    const kept = saveBaseline(outcome.csvPath, argv.out, argv.saveBaseline);
    if (!argv.json) process.stdout.write(`kept as ${kept}\n`);
  }
  if (!isWhole) process.exitCode = INTERRUPTED;
  else if (outcome.rows.some(isFailure) || compared?.isRegression) process.exitCode = 1;
}

/** With another effort than the preset's nobody has recorded any. */
export function usualCosts({
  processes,
  rounds,
  'min-time': minTimeS,
  preset,
}: Pick<Flags, 'processes' | 'rounds' | 'min-time' | 'preset'>): Map<string, number> {
  const isUsual = [processes, rounds, minTimeS].every((effort) => effort === undefined);
  return isUsual ? costsOfPreset(preset) : new Map();
}

async function begin(argv: Flags, options: RunOptions): Promise<RunOutcome> {
  if (argv.resume === undefined) {
    const { timeout, inProcess, threads, shard } = argv;
    const browser = await browserOf(argv);
    return startRun(
      {
        ...selectionOf(argv),
        ...modelChoiceOf(argv),
        ...effortOfFlags(argv),
        budgetS: argv.budget,
        timeout,
        inProcess,
        threads,
        browser,
        shard,
      },
      options,
    );
  }
  assertDefaults(argv);
  return resumeRun(argv.resume.endsWith('.csv') ? basename(argv.resume, '.csv') : argv.resume, options);
}

/** A run that is resumed by its CSV lies where that does. */
function folderOfRun({ resume, out }: Pick<Flags, 'resume' | 'out'>): string {
  return resume?.endsWith('.csv') ? dirname(resume) : out;
}

/** A run is finished as it was begun: what is asked beside --resume would be passed over. */
function assertDefaults(argv: Flags): void {
  const defaults = {
    preset: 'quick',
    suite: [],
    technique: [],
    backend: [],
    filter: [],
    axes: undefined,
    kernels: [],
    seed: DEFAULT_SEED,
    weights: undefined,
    model: undefined,
    text: undefined,
    calibration: undefined,
    layers: undefined,
    scale: undefined,
    context: undefined,
    plan: undefined,
    m: undefined,
    shape: undefined,
    browser: undefined,
    headed: false,
    shard: undefined,
    passes: undefined,
    rounds: undefined,
    minTimeS: undefined,
    budget: undefined,
  };
  const { browser, headed, shard, budget } = argv;
  const asked = {
    ...selectionOf(argv),
    ...modelChoiceOf(argv),
    ...effortOfFlags(argv),
    browser,
    headed,
    shard,
    budget,
  };
  if (isDeepStrictEqual(asked, defaults)) return;
  throw new InputError('--resume: must stand without flags that select cases or effort: a run goes on as it was begun');
}

function report(
  { runId, csvPath, rows, notes, interrupted, missing }: RunOutcome,
  { json, minSqnr }: Flags,
  compared: VerdictReport | undefined,
): void {
  if (json) {
    const ladders = laddersOf(rows).map(ladderData);
    const printed = {
      run_id: runId,
      csv: csvPath,
      rows,
      ladders: ladders.length > 0 ? ladders : undefined,
      comparison: compared?.data,
    };
    process.stdout.write(`${JSON.stringify(printed, undefined, 2)}\n`);
  } else {
    const said = [...notes, disturbanceDuring(rows) ?? []]
      .flat()
      .map((note) => `${wrapText(note, textWidth(), '  ')}\n`)
      .join('');
    const summary = formatSummary(rows, { width: textWidth(), minSqnrDb: minSqnr });
    process.stdout.write(`${summary}\n${said}${csvPath}\n`);
    if (compared !== undefined) {
      process.stdout.write('\n');
      printReport(compared, 'table', textWidth());
    }
  }
  if (interrupted) {
    process.stderr.write(
      `tare: interrupted with ${missing} cases to go; finish with: npm run tare -- run --resume ${csvPath}\n`,
    );
  }
}
