import { existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { InputError } from '../contract/input-error.ts';
import type { Roofline } from '../contract/roofline.ts';
import { probeRoofline } from '../measure/roofline/probe.ts';
import { readRows } from '../results/csv.ts';
import { findManifest, siblingPath } from '../results/results-file.ts';

const flags = {
  plot: { type: 'string', requiresArg: true, describe: "write an SVG of the roofline, with the results' cases on it" },
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
      .example('$0 roofline', 'measure now')
      .example('$0 roofline results/<run>.csv --plot roofline.svg', "the run's cases under its roofs"),
  handler: roofline,
};

async function roofline({ results, plot, json }: Flags): Promise<void> {
  const measured = results === undefined ? await probeRoofline() : recordedRoofline(results);
  process.stdout.write(`${json ? JSON.stringify(measured, undefined, 2) : formatRoofline(measured)}\n`);
  if (plot === undefined) return;
  // Charts load a large library, which nothing else needs.
  const { plotRoofline } = await import('../report/roofline-plot.ts');
  const svg = await plotRoofline(measured, results === undefined ? [] : readRows(results));
  try {
    writeFileSync(plot, svg);
  } catch (error) {
    throw new InputError(
      `--plot: must be a file tare can write, got ${(error as NodeJS.ErrnoException).code} at ${plot}`,
    );
  }
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

function formatRoofline({ peaks, bandwidth, cache_bytes }: Roofline): string {
  const rate = (value: number | undefined) => (value === undefined ? 'not engaged' : value.toPrecision(3)).padStart(12);
  const size = (bytes: number) => (bytes < 2 ** 20 ? `${bytes / 2 ** 10} KiB` : `${bytes / 2 ** 20} MiB`).padStart(8);
  const caches = Object.entries(cache_bytes).map(([level, bytes]) => `${level} ${size(bytes).trim()}`);
  return [
    'peak arithmetic, one thread     128-bit     256-bit (experimental)',
    `  f32 multiply-add, GFLOP/s ${rate(peaks[128].f32_gflops)}${rate(peaks[256]?.f32_gflops)}`,
    `  int8 dot product, GOP/s   ${rate(peaks[128].int8_gops)}${rate(peaks[256]?.int8_gops)}`,
    '',
    `reads by working set, one thread (caches: ${caches.join(', ')})`,
    ...bandwidth.map((point) => `  ${size(point.bytes)}  ${point.gbytes_per_s.toPrecision(3)} GB/s`),
  ].join('\n');
}
