import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { beforeEach, describe, expect, test } from 'vitest';
import { tareHere } from '../fixtures/command-line.ts';
import { rowOf, writeRun } from '../fixtures/run-files.ts';
import type { ResultRow } from '../results/columns.ts';
import { appendEvent } from '../results/events.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-track-'));
});

const tare = (...args: string[]) => tareHere('.', args);

function writeNight(number: number, figures: ResultRow = {}): string {
  const day = `2031-01-${String(number).padStart(2, '0')}`;
  const speedup = 2 + 0.01 * (number % 3);
  const dated = { started_at: `${day}T02:00:00.000Z`, git_commit: String(number).repeat(40).slice(0, 40) };
  return writeRun(folder, `${day}T02-00-00-0001`, [
    rowOf('dense', { ...dated, speedup: 1 }),
    rowOf('int4', { ...dated, speedup, ...figures }),
  ]);
}

function writeNights(count: number, stepAt = Number.POSITIVE_INFINITY): void {
  for (let number = 1; number <= count; number++) writeNight(number, number >= stepAt ? { speedup: 1.7 } : {});
}

test('a worse level exits with 1 and says since when, by how much and between which commits', async () => {
  writeNights(20, 18);
  const { status, stdout } = await tare('track', folder);
  expect(status).toBe(1);
  expect(stdout).toMatch(/int4 +ts +newly worse +2031-01-18 +-15\.\d %/);
  expect(stdout).toContain('commits 17171717..18181818');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  const meant = { kind: 'accept', at: '2031-01-21', text: 'wider blocks', cases: 'int4', commit: '1818181' } as const;
  appendEvent(folder, meant);
  appendFileSync(join(folder, 'events.jsonl'), '{"kind":"note"}\n');
  const accepted = await tare('track', folder);
  expect(accepted.status).toBe(0);
  expect(accepted.stdout).toMatch(/int4 +ts +accepted +2031-01-18[\s\S]*accepted, wider blocks; 2\.01x/);
  expect(accepted.stdout).toContain('events.jsonl line 2: at must be');
});

test('says how small a change the next runs would show', async () => {
  writeNights(20);
  expect((await tare('track', folder)).stdout).toContain(
    'a change of 5 % would be seen within 5 more runs in 1 of 1 case',
  );
});

test('a steady history exits with 0, in any order of files', async () => {
  writeNights(9);
  const files = [5, 1, 9, 3, 7, 2].map((number) => join(folder, `2031-01-0${number}T02-00-00-0001.csv`));
  expect(await tare('track', ...files)).toMatchObject({ status: 0, stderr: '' });
});

test('csv has a record a change, json every case, github an annotation', async () => {
  writeNights(20, 18);
  const records = parse<Record<string, string>>((await tare('track', folder, '--format', 'csv')).stdout, {
    columns: true,
  });
  expect(records.find(({ kind }) => kind === 'speed')).toMatchObject({
    began: '2031-01-18T02:00:00.000Z',
    verdict: 'newly worse',
    least_change_seen: expect.stringMatching(/^0\.[01]\d+$/),
  });
  expect(JSON.parse((await tare('track', folder, '--format', 'json')).stdout).cases).toHaveLength(2);
  expect((await tare('track', folder, '--format', 'github')).stdout).toMatch(/^::error title=tare track::s:int4:ts/);
});

describe('files as they come', () => {
  beforeEach(() => writeNights(8));
  const last = () => join(folder, '2031-01-08T02-00-00-0001.csv');

  test('what is no run is passed over in a folder and said, and refused by name', async () => {
    writeFileSync(join(folder, 'other.csv'), 'a,b\n1,2\n');
    writeFileSync(join(folder, 'nan.csv'), 'schema_version,case_id,speedup\n1,a,NaN\n');
    writeFileSync(join(folder, 'empty.csv'), '');
    const { status, stdout } = await tare('track', folder);
    expect(status).toBe(0);
    for (const name of ['other', 'nan', 'empty']) expect(stdout).toMatch(new RegExp(`passed over \\S*${name}\\.csv`));
    expect(await tare('track', join(folder, 'nan.csv'))).toMatchObject({ status: 2, stdout: '' });
  });

  test('a run that is there twice counts once; other rows under its id are refused', async () => {
    const copy = join(folder, 'copy.csv');
    copyFileSync(last(), copy);
    expect((await tare('track', folder)).stdout).toMatch(/is \S+ again and counts once[\s\S]*8 runs from/);
    writeFileSync(copy, readFileSync(copy, 'utf8').replace('2031-01-08T02:00:00', '2031-01-08T05:00:00'));
    const { status, stderr } = await tare('track', folder);
    expect(status).toBe(2);
    expect(stderr).toMatch(/a run must be there once, got 2031-01-08/);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('a last line that a kill cut short is left out, a shard by itself is passed over', async () => {
    appendFileSync(last(), readFileSync(last(), 'utf8').split('\n')[1].slice(0, 70));
    writeNight(9, { shard: '1/2' });
    const { stdout } = await tare('track', folder);
    expect(stdout).toContain('the last line is unfinished or damaged and was left out');
    expect(stdout).toContain('is a shard; tare merge');
  });

  test('a run of one case beside them is like no other: one line and exit code 2; in between it is passed over', async () => {
    const one = writeRun(folder, '2031-02-01T02-00-00-0001', [
      rowOf('nf4', { started_at: '2031-02-01T02:00:00.000Z' }),
    ]);
    const { status, stdout, stderr } = await tare('track', folder);
    expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 });
    expect(stderr).toMatch(/must be asked for the same as the newest, 2031-02-01\S+, got only others: 2031-01-01/);
    writeRun(folder, '2031-02-02T02-00-00-0001', [
      rowOf('dense', { started_at: '2031-02-02T02:00:00.000Z' }),
      rowOf('int4', { started_at: '2031-02-02T02:00:00.000Z' }),
    ]);
    const next = await tare('track', folder);
    expect(next.status).toBe(0);
    expect(next.stdout.replaceAll(/\s+/g, ' ')).toContain(`passed over ${basename(one)}: asked for something else`);
  });

  test('where no commit was written, none is named', async () => {
    for (let number = 9; number <= 14; number++) writeNight(number, { git_commit: undefined, speedup: 1.5 });
    const { stdout } = await tare('track', folder);
    expect(stdout).toContain('commits unknown');
    expect(stdout).not.toContain('(unknown)');
  });

  test('nights without a run are told', async () => {
    writeNight(14);
    expect((await tare('track', folder)).stdout).toContain(
      'runs are missing once, last between 2031-01-08 and 2031-01-14',
    );
  });

  test('a folder without CSVs and nothing at all are one line and exit code 2', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'tare-track-'));
    expect(await tare('track', empty)).toMatchObject({ status: 2, stdout: '' });
    expect((await tare('track', join(folder, 'no.csv'))).stderr).toMatch(/no\.csv: .* got ENOENT/);
  });
});
