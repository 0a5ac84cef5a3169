import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import yargs from 'yargs';
import { rowOf, writeRun } from '../fixtures/run-files.ts';
import { formatHeader } from '../results/csv.ts';
import { reportCommand } from './report.ts';

const folder = mkdtempSync(join(tmpdir(), 'tare-report-command-'));
const csv = writeRun(folder, 'r1', [rowOf('dense', { speedup: 1 }), rowOf('int4')]);
const empty = join(folder, 'empty.csv');
writeFileSync(empty, formatHeader());
mkdirSync(join(folder, 'nothing'));

async function tare(...args: string[]) {
  return yargs(['report', ...args])
    .command(reportCommand)
    .strict()
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new Error(message);
    })
    .parseAsync();
}

test.each([
  ['a file of no rows', [empty], /^empty\.csv: must hold rows, got none; take a run that measured something$/],
  ['a file that is not there', [join(folder, 'no.csv')], /no\.csv: must be a readable results file, got ENOENT$/],
  ['a folder without runs', [join(folder, 'nothing')], /^history: must hold CSVs, got none in the folder .*nothing$/],
  ['a chart without its name', [csv, '--format', 'svg'], /^--chart: must be one of pareto, .*, drift, got none$/],
  [
    'an unknown chart',
    [csv, '--format', 'svg', '--chart', 'pie'],
    /^--chart: must be one of tare's, got pie; nearest: /,
  ],
  [
    'a chart of nothing',
    [csv, '--format', 'svg', '--chart', 'models'],
    /^--chart models: must be of something in the run/,
  ],
  [
    'a chart in a page',
    [csv, '--chart', 'pareto'],
    /^--chart: must go with --format svg or png; the page has all charts$/,
  ],
  [
    'a chart of two runs',
    [csv, csv, '--format', 'svg', '--chart', 'drift'],
    /^--format svg: must be given one run, got 2 /,
  ],
  [
    'a page in place of a night of the history it shows',
    [folder, '-o', csv],
    /^--out: must be a file that is not named as results are, got /,
  ],
  ['a run as its own report', [csv, '-o', csv], /^--out: must be another file than what is read, got /],
  [
    'a place that is none',
    [csv, '-o', join(folder, 'no', 'r.html')],
    /^--out: must be a file tare can write, got ENOENT/,
  ],
])('refuses %s in one line that says the mend', async (_, args, message) => {
  await expect(tare(...args)).rejects.toThrow(message);
});

test('a chart is one SVG with its title, its sentence and its legend, and no script', async () => {
  const out = join(folder, 'speed-ups.svg');
  const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await tare(csv, '--format', 'svg', '--chart', 'speed-ups', '-o', out);
  expect(said).toHaveBeenCalledWith(`${out}\n`);
  said.mockRestore();
  const svg = readFileSync(out, 'utf8');
  expect(svg).toMatch(/^<svg [^>]*width="\d+[^>]*>.*Speed-ups with their intervals.*<\/svg>\n$/s);
  expect(svg).toContain('1 of 1 case is faster than uncompressed on the same backend');
  expect(svg).toContain('faster: the whole interval above 1');
  expect(svg).not.toContain('<script');
});
