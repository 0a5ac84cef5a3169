import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { bundleScript } from '../backends/browser/bundle.ts';
import { svgToPng } from '../backends/browser/svg-to-png.ts';
import { chooseNames } from '../cases/select.ts';
import { counted } from '../contract/counted.ts';
import { InputError } from '../contract/input-error.ts';
import { toldBy } from '../judge/told.ts';
import { trackHistory } from '../judge/track.ts';
import { type ChartName, chartNames } from '../report/html/chart-names.ts';
import type { TrackedHistory } from '../report/html/document.ts';
import { commandOfRow, commandOfRun } from '../report/html/reproduce.ts';
import type { ReportedRun } from '../report/html/run-section.ts';
import { readHistory } from '../results/history.ts';
import { findManifest, readResultsFile } from '../results/results-file.ts';
import { knownCommits } from '../run/git-state.ts';
import { minSqnrFlag } from './report-flags.ts';
import { once, severalPaths } from './selection-flags.ts';
import { writeNamedFile } from './write-named-file.ts';

const formats = ['html', 'svg', 'png'] as const;
type Format = (typeof formats)[number];

const flags = {
  out: {
    type: 'string',
    alias: 'o',
    requiresArg: true,
    coerce: once('out'),
    describe: 'the file to write',
    defaultDescription: 'report.html, or <chart>.svg or .png',
  },
  format: {
    type: 'string',
    requiresArg: true,
    default: 'html' as Format,
    coerce: (name: string | readonly string[]) => chooseNames('format', [once('format')(name)], formats)[0],
    describe: `${formats.join(', ')}: a page with everything, or one chart of one run`,
  },
  chart: {
    type: 'string',
    requiresArg: true,
    coerce: (name: string | readonly string[]) => chooseNames('chart', [once('chart')(name)], chartNames)[0],
    describe: `which chart, as svg or png: ${chartNames.join(', ')}`,
  },
  'min-sqnr': { ...minSqnrFlag, describe: 'least SQNR in dB at which a row can be on a front' },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags> & { results?: string[] }>;

export const reportCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'report <results..>',
  describe:
    'runs and histories as one page to look at, sort and search, which needs no network; or a chart as SVG or PNG',
  builder: (yargs) =>
    yargs
      .positional('results', { ...severalPaths, describe: "runs' CSVs, and folders that hold a history" })
      .options(flags)
      .example('$0 report results/<run>.csv -o report.html', 'a run: charts, failures, every row')
      .example('$0 report history/ -o report.html', 'a history: what changed, and when')
      .example('$0 report history/<run>.csv history/', 'the newest night and all of them')
      .example('$0 report results/<run>.csv --format png --chart pareto', 'one chart, for a page of your own'),
  handler: report,
};

async function report({ results = [], out, format, chart, minSqnr }: Flags): Promise<void> {
  const folders = results.filter(isFolder);
  const files = results.filter((path) => !folders.includes(path));
  if (format === 'html' && chart !== undefined)
    throw new InputError('--chart: must go with --format svg or png; the page has all charts');
  const path = out ?? (format === 'html' ? 'report.html' : `${chart ?? 'chart'}.${format}`);
  if (results.some((input) => resolve(input) === resolve(path)))
    throw new InputError(`--out: must be another file than what is read, got ${path}`);
  const runs = files.flatMap((file) => readRuns(file, minSqnr));
  if (format === 'html') writeNamedFile('out', path, await page(runs, folders));
  else writeNamedFile('out', path, await drawing(runs, folders, chart, format));
  process.stdout.write(`${path}\n`);
}

/** The page of a run and the history it is the newest of. */
export async function writeHistoryPage(csv: string, history: string, path: string): Promise<void> {
  writeNamedFile('report', path, await page(readRuns(csv, minSqnrFlag.default), [history]));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A file may hold several. */
function readRuns(file: string, minSqnrDb: number): ReportedRun[] {
  const { rows, name, notes } = readResultsFile(file);
  if (rows.length === 0) throw new InputError(`${name}: must hold rows, got none; take a run that measured something`);
  const groups = [...Map.groupBy(rows, ({ run_id }) => run_id ?? '')];
  const manifest = groups.length === 1 ? findManifest(file) : undefined;
  const stem = basename(name, '.csv');
  return groups.map(([id, own]) => ({
    name: groups.length === 1 ? stem : `${stem}, ${id || 'without id'}`,
    rows: own,
    roofline: manifest?.roofline,
    command: manifest && commandOfRun(own[0], manifest.arguments),
    commands: own.map((row) => commandOfRow(row, manifest?.arguments)),
    notes,
    minSqnrDb,
  }));
}

// Charts load a large library, which nothing else needs.
async function page(runs: readonly ReportedRun[], folders: readonly string[]): Promise<string> {
  const { PAGE_SCRIPT, reportDocument } = await import('../report/html/document.ts');
  const history = folders.length === 0 ? undefined : trackedHistory(folders);
  return reportDocument({ runs, history, script: await bundleScript(PAGE_SCRIPT) });
}

function trackedHistory(folders: readonly string[]): TrackedHistory {
  const commits = knownCommits();
  const history = readHistory(folders, { nowMs: Date.now(), commits });
  return { ...history, tracked: trackHistory(history.runs, undefined, toldBy(history.events, commits)) };
}

async function drawing(
  runs: readonly ReportedRun[],
  folders: readonly string[],
  name: ChartName | undefined,
  format: 'svg' | 'png',
): Promise<string | Buffer> {
  if (name === undefined) throw new InputError(`--chart: must be one of ${chartNames.join(', ')}, got none`);
  if (runs.length !== 1 || folders.length > 0)
    throw new InputError(
      `--format ${format}: must be given one run, got ${counted(runs.length, 'run')} and ${counted(folders.length, 'history', 'histories')}`,
    );
  const [{ chartSvg }, { runChart }] = await Promise.all([
    import('../report/html/chart-svg.ts'),
    import('../report/html/run-charts.ts'),
  ]);
  const chart = runChart(runs[0], name);
  if (chart === undefined)
    throw new InputError(`--chart ${name}: must be of something in the run, got none of it in ${runs[0].name}`);
  const svg = await chartSvg(chart);
  return format === 'svg' ? svg : svgToPng(svg);
}
