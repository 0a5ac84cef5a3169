import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { InputError } from '../contract/input-error.ts';
import type { Peaks, Roofline } from '../contract/roofline.ts';
import { probeRoofline } from '../measure/roofline/probe.ts';
import { layOut, textColumn, textWidth, wrapText } from '../report/text-table.ts';
import { readRows } from '../results/csv.ts';
import { findManifest, siblingPath } from '../results/results-file.ts';
import { once, threadsFlag } from './selection-flags.ts';
import { writeNamedFile } from './write-named-file.ts';

const flags = {
  plot: {
    type: 'string',
    requiresArg: true,
    coerce: once('plot'),
    describe: "SVG file to write: the roofline, with the results' cases on it",
  },
  threads: { ...threadsFlag, describe: 'threads to measure beside one' },
  json: { type: 'boolean', default: false, describe: 'print JSON' },
} as const satisfies Record<string, Options>;

type Flags = InferredOptionTypes<typeof flags> & { results?: string };

export const rooflineCommand: CommandModule<object, Flags> = {
  command: 'roofline [results]',
  describe: "this machine's peak FLOP/s and bytes/s, as WebAssembly reaches them",
  builder: (yargs) =>
    yargs
      .positional('results', { type: 'string', describe: "a run's CSV: its own measured roofline is used" })
      .options(flags)
      .check(({ threads }) => {
        if (Number.isInteger(threads) && threads > 0) return true;
        throw new InputError(`--threads: must be a count, got ${threads}`);
      })
      .example('$0 roofline', 'measure now')
      .example('$0 roofline results/<run>.csv --plot roofline.svg', "the run's cases under its roofs"),
  handler: roofline,
};

async function roofline({ results, plot, threads, json }: Flags): Promise<void> {
  const measured = results === undefined ? await probeRoofline(threads) : recordedRoofline(results);
  process.stdout.write(`${json ? JSON.stringify(measured, undefined, 2) : formatRoofline(measured)}\n`);
  if (plot === undefined) return;
  // Charts load a large library, which nothing else needs.
  const { plotRoofline } = await import('../report/roofline-plot.ts');
  const svg = await plotRoofline(measured, results === undefined ? [] : readRows(results));
  writeNamedFile('plot', plot, svg);
}

function recordedRoofline(results: string): Roofline {
  if (!existsSync(results)) throw new InputError(`results: must be a run's CSV, got nothing at ${results}`);
  const manifest = findManifest(results);
  if (manifest === undefined) {
    throw new InputError(
      `${results}: must have ${siblingPath(basename(results), 'run.json')} beside it, which holds the roofline, got none`,
    );
  }
  if (manifest.roofline === undefined) {
    throw new InputError(`${results}: must have a measured roofline, got none: the smoke preset measures no roofline`);
  }
  return manifest.roofline;
}

function formatRoofline({ peaks, bandwidth, cache_bytes, threaded }: Roofline): string {
  const size = (bytes: number) => (bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`);
  const caches = Object.entries(cache_bytes).map(([level, bytes]) => `${level} ${size(bytes)}`);
  const several = threaded === undefined ? [] : [`${threaded.threads} threads`];
  const peakRow = (name: string, peak: keyof Peaks): Row => [
    name,
    [peaks[128][peak], threaded?.peaks[128][peak], peaks[256]?.[peak] ?? 'not engaged'],
  ];
  const readRow = ({ bytes, gbytes_per_s }: Roofline['bandwidth'][number], i: number): Row => [
    size(bytes),
    [gbytes_per_s, threaded?.bandwidth[i]?.gbytes_per_s],
  ];
  return [
    ...tableOf(
      'peak arithmetic',
      ['one thread', ...several, '256-bit (experimental)'],
      [peakRow('f32 multiply-add, GFLOP/s', 'f32_gflops'), peakRow('int8 dot product, GOP/s', 'int8_gops')],
    ),
    '',
    ...tableOf('reads by working set, GB/s', ['one thread', ...several], bandwidth.map(readRow)),
    wrapText(`caches: ${caches.join(', ')}`, textWidth(), '  '),
  ].join('\n');
}

/** A label, and its figures; those that were not measured have no cell. */
type Row = readonly [string, readonly (string | number | undefined)[]];

function tableOf(title: string, headings: readonly string[], rows: readonly Row[]): string[] {
  const cells = rows.map(([, row]) => row.filter((cell) => cell !== undefined));
  const labels = textColumn(
    '',
    rows.map(([label]) => label),
    'left',
  );
  const figures = headings.map((heading, i) =>
    textColumn(
      heading,
      cells.map((row) => (typeof row[i] === 'number' ? row[i].toPrecision(3) : (row[i] ?? ''))),
    ),
  );
  return [title, ...layOut({ names: [labels], figures }, textWidth())];
}
