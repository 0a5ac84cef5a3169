import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PROJECT } from '../cases/registry.ts';
import { tareHere } from '../fixtures/command-line.ts';
import { writeRun } from '../fixtures/run-files.ts';
import { archivedPaths } from '../results/archived-csvs.ts';
import { columns, type ResultRow } from '../results/columns.ts';
import { formatHeader, formatRow, readRows } from '../results/csv.ts';
import { archiveCsvs, planArchives, restoreCsvs } from '../results/database/archive.ts';
import { type Connection, openDatabase, whyNoDuckDb } from '../results/database/duckdb.ts';
import { findSources } from '../results/database/sources.ts';
import { createViews } from '../results/database/views.ts';
import { readHistory } from '../results/history.ts';
import { takeLock } from '../run/lock.ts';
import { archiveCommand } from './archive.ts';

const reason = whyNoDuckDb();
const rows = readRows(join(PROJECT, 'results/baseline.csv')).slice(0, 6);
const SOON = '2030';

/** A run of a few real rows, one with all that a cell can hold. */
function runOf(id: string, day: string, changes: ResultRow = {}): string {
  const strange = {
    ...rows[0],
    case_id: 'strange',
    reason: '=1+1, "<script>" | x',
    device: '@cpu',
    kernel_nmse: 1.5e-7,
    speedup: 1e21,
  };
  const all = [...rows, strange].map((row) => ({ ...row, run_id: id, started_at: `${day}T00:00:00.000Z`, ...changes }));
  return formatHeader() + all.map(formatRow).join('');
}

function historyOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tare-archive-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.csv'));
  return Object.fromEntries(names.toSorted().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

if (reason !== undefined) test.skip(`DuckDB is unavailable here: ${reason}`, () => {});

describe.runIf(reason === undefined)('tare archive', () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await openDatabase(1024);
  });
  afterAll(() => connection.closeSync());

  async function archiveAll(folder: string) {
    const { plans, kept } = planArchives(folder, SOON, (path) => path.endsWith('under-way.csv'));
    const done = [];
    for (const plan of plans) done.push(await archiveCsvs(connection, plan, folder));
    return { done, kept: [...kept, ...done.flatMap((each) => each.kept)] };
  }

  test('gives back every byte, also of CSVs with fewer columns and of those that came later', async () => {
    const lines = runOf('b', '2026-02-01').split('\n');
    const fewer = [
      columns
        .slice(0, 20)
        .map(({ name }) => name)
        .join(','),
      '1,b,2026-02-01T00:00:00.000Z,,,,c,s,m,t,,ts,,,,,,,1,2',
    ].join('\n');
    const first = {
      'a.csv': runOf('a', '2026-01-01'),
      'b.csv': lines.join('\n'),
      'c.csv': `${fewer}\n`,
      'old.csv': runOf('old', '2025-01-01', { cpu_model: 'Z80' }),
    };
    const folder = historyOf(first);
    expect((await archiveAll(folder)).kept).toEqual([]);
    expect(filesIn(folder)).toEqual({});
    expect(
      readdirSync(join(folder, 'archive'), { recursive: true })
        .map(String)
        .filter((name) => name.includes('parquet'))
        .toSorted(),
    ).toEqual([
      'amd-epyc-2-cores-linux-x64/2026.parquet',
      'unknown/2026.parquet',
      'z80-2-cores-linux-x64/2025.parquet',
    ]);
    writeFileSync(join(folder, 'later.csv'), runOf('later', '2026-03-01'));
    await archiveAll(folder);
    expect(filesIn(folder)).toEqual({});
    // One of one archive and header among several, then all but that.
    expect(await restoreCsvs(connection, folder, (name) => name === 'b.csv')).toEqual(['b.csv']);
    expect(await restoreCsvs(connection, folder, () => true)).toHaveLength(4);
    expect(await restoreCsvs(connection, folder, () => true)).toEqual([]);
    expect(filesIn(folder)).toEqual({ ...first, 'later.csv': runOf('later', '2026-03-01') });
    // Once more, from where a kill after the renaming would have left off.
    await archiveAll(folder);
    expect(filesIn(folder)).toEqual({});
  });

  test('leaves what it could not give back, what is young and what is under way, and says why', async () => {
    const text = runOf('a', '2026-01-01');
    const files = {
      'bom.csv': `\uFEFF${text}`,
      'crlf.csv': text.replaceAll('\n', '\r\n'),
      'cut.csv': `${text}1,a,2026`,
      'empty.csv': '',
      'joined.csv': text + text,
      'pandas.csv': text.replaceAll(/^1,/gm, '1.0,').replaceAll(',false,', ',False,'),
      'semicolons.csv': text.replaceAll(',', ';'),
      'undated.csv': runOf('undated', 'yesterday'),
      'under-way.csv': runOf('under-way', '2026-01-01'),
      'words.csv': text.replace(',7,13,0,', ',many,13,0,'),
      'young.csv': runOf('young', '2031-01-01'),
    };
    const folder = historyOf({ ...files, 'fine.csv': runOf('fine', '2026-01-01') });
    const { kept } = await archiveAll(folder);
    expect(Object.keys(filesIn(folder))).toEqual(Object.keys(files));
    expect(filesIn(folder)).toEqual(files);
    expect(kept.map(({ name }) => name).toSorted()).toEqual(Object.keys(files));
    const why = Object.fromEntries(kept.map((each) => [each.name, each.reason]));
    expect(why).toMatchObject({
      'bom.csv': expect.stringContaining('bytes could not be made again'),
      'pandas.csv': expect.stringContaining('bytes could not be made again'),
      'joined.csv': 'it was joined of several files',
      'words.csv': expect.stringMatching(/rounds/),
      'young.csv': 'it is no older than 2030',
      'under-way.csv': 'a tare is working on its run',
    });
  });

  test('a run that was interrupted is archived too, and resuming it says how to have it back', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tare-archive-'));
    const csv = writeRun(folder, 'night', rows, { manifest: { state: 'interrupted' } });
    await run(folder, {});
    expect(existsSync(csv)).toBe(false);
    expect(await tareHere(folder, ['run', '--resume', 'night', '--out', folder])).toMatchObject({
      status: 2,
      stderr: `tare: --resume: the run's CSV must be there, got one that is archived; tare archive ${folder} --restore night\n`,
    });
    const { release } = takeLock(join(folder, 'night.lock'));
    expect(await tareHere(folder, ['archive', folder, '--restore', 'night'])).toMatchObject({ status: 0 });
    await run(folder, {});
    release?.();
    expect(existsSync(csv)).toBe(true);
  });

  test('a history reads on as it was, and a query counts a run that lies there twice once', async () => {
    const files = { 'a.csv': runOf('a', '2026-01-01'), 'b.csv': runOf('b', '2026-01-02') };
    const folder = historyOf(files);
    const read = () => readHistory([folder], { nowMs: Date.parse('2026-02-01'), commits: [] });
    const before = read();
    await archiveAll(folder);
    expect(read()).toEqual(before);
    expect(readRows(join(folder, 'a.csv'))).toEqual([...before.runs[0].rows.values()]);
    expect(() => readRows(join(folder, 'c.csv'))).toThrow('must be a readable results file, got ENOENT');
    writeFileSync(join(folder, 'a.csv'), files['a.csv']);
    expect(read().runs).toHaveLength(2);
    const other = await openDatabase(512);
    const notes = await createViews(other, findSources([folder]), folder);
    const counted = (
      await other.runAndReadAll('SELECT file, count(*) AS n FROM rows GROUP BY file ORDER BY file')
    ).getRowObjectsJson();
    other.closeSync();
    expect({ counted, notes }).toEqual({
      counted: [
        { file: 'a.csv', n: '7' },
        { file: 'b.csv', n: '7' },
      ],
      notes: ['a.csv: is archived too and counts once'],
    });
  });

  test('a damaged archive is named, and no CSV goes', async () => {
    const folder = historyOf({ 'a.csv': runOf('a', '2026-01-01') });
    await archiveAll(folder);
    const [archive] = readdirSync(join(folder, 'archive'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.parquet'),
    );
    copyFileSync(join(folder, 'archive', archive), join(folder, 'whole'));
    truncateSync(join(folder, 'archive', archive), 3000);
    writeFileSync(join(folder, 'b.csv'), runOf('b', '2026-01-02'));
    await expect(archiveAll(folder)).rejects.toThrow(/2026\.parquet: must be a whole archive, got /);
    expect(() => archivedPaths(folder)).toThrow(/2026\.parquet: must be a whole archive, got /);
    expect(Object.keys(filesIn(folder))).toEqual(['b.csv']);
    copyFileSync(join(folder, 'whole'), join(folder, 'archive', archive));
    await archiveAll(folder);
    expect(await restoreCsvs(connection, folder, () => true)).toEqual(['a.csv', 'b.csv']);
  });

  test('a place that cannot be written, and a history that another archives, are named', async () => {
    const folder = historyOf({ 'a.csv': runOf('a', '2026-01-01'), archive: 'no folder' });
    await expect(archiveAll(folder)).rejects.toThrow(
      /must be a folder tare can write, got (ENOTDIR|EEXIST) .*nothing is lost/,
    );
    const { release } = takeLock(join(folder, 'archive.lock'));
    await expect(run(folder, {})).rejects.toThrow(
      /^archive: a history must be at rest, got one that process \d+ .* is archiving$/,
    );
    release?.();
    await expect(run(join(folder, 'none'), { dryRun: true })).rejects.toThrow(
      /^archive: must be told a history's folder/,
    );
  });

  test('a dry run changes nothing and says what would be done', async () => {
    const files = { 'a.csv': runOf('a', '2026-01-01'), 'young.csv': runOf('young', '2099-01-01') };
    const folder = historyOf(files);
    const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await run(folder, { dryRun: true });
    const text = said.mock.calls.join('').replaceAll(/\s+/g, ' ');
    said.mockRestore();
    expect(text).toMatch(/2026\.parquet: would take 1 CSV, 0\.0 MiB kept 1 CSV: it is no older than .* \(young\.csv\)/);
    expect(readdirSync(folder).toSorted()).toEqual(Object.keys(files));
    expect(filesIn(folder)).toEqual(files);
  });

  async function run(history: string, flags: { dryRun?: boolean }) {
    await archiveCommand.handler({
      _: [],
      $0: '',
      history,
      olderThan: 0,
      dryRun: false,
      restore: undefined,
      ...flags,
    } as never);
  }

  test('a kill at any moment loses nothing', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `r${i}.csv`);
    const files = Object.fromEntries(names.map((name, i) => [name, runOf(`r${i}`, `2026-01-0${i + 1}`)]));
    const folder = historyOf(files);
    mkdirSync(join(folder, 'archive'));
    for (const ending of ['.parquet.new', '.parquet']) {
      const child = spawn(process.execPath, [join(PROJECT, 'bench/main.ts'), 'archive', folder, '--older-than', '0']);
      const hasEnded = once(child, 'exit');
      const isThere = () =>
        readdirSync(join(folder, 'archive'), { recursive: true, encoding: 'utf8' }).some((name) =>
          name.endsWith(ending),
        );
      while (child.exitCode === null && !isThere()) await setTimeout(1);
      child.kill('SIGKILL');
      await hasEnded;
      const left = filesIn(folder);
      const elsewhere = historyOf({});
      cpSync(join(folder, 'archive'), join(elsewhere, 'archive'), { recursive: true });
      await restoreCsvs(connection, elsewhere, () => true);
      expect({ ...filesIn(elsewhere), ...left }).toEqual(files);
    }
    await archiveAll(folder);
    expect(filesIn(folder)).toEqual({});
    await restoreCsvs(connection, folder, () => true);
    expect(filesIn(folder)).toEqual(files);
  });
});
