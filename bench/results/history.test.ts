import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { caseId, rowOf, runArguments, writeRun } from '../fixtures/run-files.ts';
import { formatHeader, formatRow } from './csv.ts';
import { readHistory } from './history.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-history-'));
});

/** Newest first: d, c, b, a. */
const commits = ['d', 'c', 'b', 'a'];
const read = (known: readonly string[] = commits) =>
  readHistory([folder], { nowMs: Date.UTC(2031, 5, 30), commits: known });
const idsOf = ({ runs }: ReturnType<typeof read>) => runs.map(({ id }) => id);

function write(id: string, day: string, commit: string | undefined, asked?: Partial<RunArguments>, sha?: string) {
  const dated = { started_at: `${day}T02:00:00.000Z`, git_commit: commit };
  const manifest = asked && { arguments: { ...runArguments, ...asked }, weights_sha256: sha };
  return writeRun(folder, id, [rowOf('dense', dated), rowOf('int4', dated)], { manifest });
}

describe('runs are in order', () => {
  test('of their commits, whatever their clocks said', () => {
    write('r1', '2031-06-03', 'b');
    write('r2', '2031-06-01', 'c');
    write('r3', '2031-06-02', 'a');
    expect(idsOf(read())).toEqual(['r3', 'r1', 'r2']);
    expect(idsOf(read([]))).toEqual(['r2', 'r3', 'r1']);
  });

  test('of time at the same commit', () => {
    write('r1', '2031-06-02', 'a');
    write('r2', '2031-06-01', 'a');
    expect(idsOf(read())).toEqual(['r2', 'r1']);
  });

  test('of time where the commit is unknown, and the others share out the places that are left', () => {
    write('r1', '2031-06-01', 'c');
    write('r2', '2031-06-02', undefined);
    write('r3', '2031-06-03', 'a');
    write('r4', '2031-06-04', 'of another branch');
    expect(idsOf(read())).toEqual(['r3', 'r2', 'r1', 'r4']);
  });
});

describe('a night dated 2099', () => {
  beforeEach(() => {
    write('r1', '2031-06-01', 'a');
    write('r2', '2031-06-02', 'c');
  });

  test('takes the place of its commit, and its clock is named', () => {
    write('r0', '2099-01-01', 'b');
    const history = read();
    expect(idsOf(history)).toEqual(['r1', 'r0', 'r2']);
    expect(history.notes).toEqual(['r0.csv: its clock said 2099-01-01, which is yet to come']);
  });

  test.each(['d', undefined])('is not the newest: commit %s', (commit) => {
    write('r0', '2099-01-01', commit);
    const history = read();
    expect(idsOf(history)).toEqual(['r1', 'r2']);
    expect(history.notes).toEqual([expect.stringMatching(/^r0\.csv: its clock said 2099-01-01, .*passed over/)]);
  });

  test('is the newest where there is no other: then it may be this clock that is wrong', () => {
    const path = write('r0', '2099-01-01', 'd');
    expect(readHistory([path], { nowMs: Date.UTC(2031, 5, 30), commits }).runs).toHaveLength(1);
  });

  test('a clock that is hours ahead is taken as it is', () => {
    write('r0', '2031-06-30', 'd');
    expect(idsOf(read())).toEqual(['r1', 'r2', 'r0']);
  });
});

test('a clock that was set back is named, and the run takes the place of its commit', () => {
  write('r1', '2031-06-01', 'a');
  write('r2', '2000-01-01', 'b');
  write('r3', '2031-06-03', 'c');
  const history = read();
  expect(idsOf(history)).toEqual(['r1', 'r2', 'r3']);
  expect(history.notes).toEqual(['r2.csv: its clock said 2000-01-01, when there was no tare; its place may be wrong']);
});

describe('only runs that were asked for the same as the newest are one history', () => {
  test.each<[string, Partial<RunArguments>]>([
    ['preset', { preset: 'smoke' }],
    ['filter', { filter: ['int4'] }],
    ['backend', { backend: ['ts'] }],
    ['seed', { seed: 1 }],
    ['sizes', { m: [8] }],
    ['axis', { axes: { groupSize: [64] } }],
    ['techniques of their own', { kernels: ['/mine'] }],
    ['weights', { weights: '/w.safetensors' }],
    ['model', { model: '/moby' }],
    ['text', { text: '/my.txt' }],
    ['plan', { plan: '/plan.json' }],
    ['layers', { layers: ['ffn'] }],
    ['scale', { scale: 64 }],
    ['context', { context: 9 }],
    ['part', { shard: '1/2' }],
  ])('another %s', (_, asked) => {
    write('r1', '2031-06-01', undefined, {});
    write('r2', '2031-06-02', undefined, asked);
    write('r3', '2031-06-03', undefined, {});
    const history = read();
    expect(idsOf(history)).toEqual(['r1', 'r3']);
    expect(history.notes).toEqual(['passed over r2.csv: asked for something else than the newest run, r3.csv']);
  });

  test.each<[string, Partial<RunArguments>]>([
    ['threads, which divide rows', { threads: 8 }],
    ['rounds', { rounds: 9, passes: 3, minTimeS: 1 }],
    ['patience', { timeout: 9 }],
    ['place of the browser', { browser: { headed: false, path: '/opt/chromium' } }],
  ])('other %s', (_, asked) => {
    write('r1', '2031-06-01', undefined, {});
    write('r2', '2031-06-02', undefined, asked);
    expect(idsOf(read())).toEqual(['r1', 'r2']);
  });

  test('files of weights are told apart by content, not by where they lie', () => {
    write('r1', '2031-06-01', undefined, { weights: '/a/w' }, 'a1');
    write('r2', '2031-06-02', undefined, { weights: '/a/w' }, 'b2');
    write('r3', '2031-06-03', undefined, { weights: '/b/w' }, 'a1');
    write('r4', '2031-06-04', undefined, { weights: '/b/w', kernels: [] });
    expect(idsOf(read())).toEqual(['r1', 'r2', 'r3', 'r4']);
    write('r5', '2031-06-05', undefined, { weights: '/c/w' }, 'a1');
    expect(idsOf(read())).toEqual(['r1', 'r3', 'r4', 'r5']);
  });

  test('without a manifest, half of all cases of the two must be in both', () => {
    const cases = (id: string, day: string, techniques: readonly string[]) =>
      writeRun(
        folder,
        id,
        techniques.map((technique) => rowOf(technique, { started_at: `${day}T02:00:00.000Z` })),
      );
    cases('r1', '2031-06-01', ['dense']);
    cases('r2', '2031-06-02', ['dense', 'int4']);
    cases('r3', '2031-06-03', ['dense', 'int4', 'nf4', 'csr']);
    expect(idsOf(read())).toEqual(['r2', 'r3']);
  });

  test('a newest run like no other is one line that names them', () => {
    for (const day of [1, 2, 3, 4, 5]) write(`r${day}`, `2031-06-0${day}`, undefined, {});
    write('r6', '2031-06-06', undefined, { filter: ['int4'] });
    expect(() => read()).toThrow(InputError);
    expect(() => read()).toThrow(/^history: .* the newest, r6\.csv, got only others: r1\.csv, r2\.csv, r3\.csv and 2 /);
  });
});

describe('what lies in a folder or is named', () => {
  const at = { nowMs: Date.UTC(2031, 5, 30), commits: [] };
  beforeEach(() => {
    write('r1', '2031-06-01', 'a');
  });

  test('and is no run is passed over in a folder and said, but not where it is named', () => {
    writeFileSync(join(folder, 'costs.csv'), 'case_id,took_s\na,1\n');
    writeFileSync(join(folder, 'empty.csv'), formatHeader());
    writeFileSync(join(folder, 'notes.txt'), 'no CSV');
    const { runs, notes } = readHistory([folder], at);
    expect(runs.map(({ id }) => id)).toEqual(['r1']);
    expect(notes).toEqual([
      expect.stringMatching(/^passed over .*costs\.csv: must be a tare results file/),
      'passed over empty.csv: it has no rows',
    ]);
    expect(() => readHistory([join(folder, 'costs.csv')], at)).toThrow(/costs\.csv: must be a tare results file/);
    expect(() => readHistory([join(folder, 'empty.csv')], at)).toThrow(
      /^history: must hold whole runs, got none in .* \(passed over empty\.csv: it has no rows\)$/,
    );
  });

  test.each([
    ['11/30/2026 9:12', 'the date a spreadsheet made of it'],
    ['', 'nothing'],
  ])('a run whose times read %j, %s, has no place in the order', (time) => {
    const path = writeRun(folder, 'r2', [rowOf('dense', { started_at: time })]);
    const rule = `r2.csv: started_at must be a time as 2031-05-04T03:02:01Z, got ${time || 'none'}`;
    expect(readHistory([folder], at)).toMatchObject({
      runs: [{ id: 'r1' }],
      notes: [expect.stringContaining(`passed over ${rule}`)],
    });
    expect(() => readHistory([path], at)).toThrow(rule);
  });

  test('and cannot be opened is passed over: a folder, a link to nowhere, a pipe, a manifest that was cut short', () => {
    mkdirSync(join(folder, 'folder.csv'));
    symlinkSync('nowhere', join(folder, 'link.csv'));
    execFileSync('mkfifo', [join(folder, 'pipe.csv')]);
    writeFileSync(write('r2', '2031-06-02', 'a').replace('.csv', '.run.json'), '{"schema_ver');
    const { runs, notes } = readHistory([folder], at);
    expect(runs.map(({ id }) => id)).toEqual(['r1']);
    expect(notes).toEqual([
      expect.stringMatching(/^passed over .*folder\.csv: must be a readable results file, got a folder$/),
      expect.stringMatching(/^passed over .*link\.csv: must be a readable results file, got ENOENT$/),
      expect.stringMatching(/^passed over .*r2\.run\.json: must be JSON$/),
    ]);
  });

  test('a folder without CSVs is one line that names it', () => {
    const bare = mkdtempSync(join(tmpdir(), 'tare-history-'));
    expect(() => readHistory([folder, bare], at)).toThrow(`history: must hold CSVs, got none in the folder ${bare}`);
    expect(() => readHistory([bare], at)).toThrow(InputError);
  });

  test('one shard of two is passed over, both in one file are a run', () => {
    const part = (shard: string) => rowOf(shard === '1/2' ? 'dense' : 'int4', { run_id: 'r2', shard });
    writeFileSync(join(folder, 'half.csv'), formatHeader() + formatRow(part('1/2')));
    expect(readHistory([folder], at)).toMatchObject({
      runs: [{ id: 'r1' }],
      notes: ['passed over half.csv: r2 is a shard; tare merge joins shards'],
    });
    writeFileSync(join(folder, 'half.csv'), formatHeader() + formatRow(part('1/2')) + formatRow(part('2/2')));
    expect(readHistory([folder], at)).toMatchObject({ runs: [{ id: 'r2' }, { id: 'r1' }], notes: [] });
  });

  test('a run that is there twice counts once, and is refused where the two differ', () => {
    const again = join(folder, 'again.csv');
    copyFileSync(join(folder, 'r1.csv'), again);
    expect(readHistory([folder], at)).toMatchObject({
      runs: [{ name: 'again.csv' }],
      notes: ['r1.csv: is again.csv again and counts once'],
    });
    writeFileSync(again, readFileSync(again, 'utf8').replace('int4', 'int5'));
    expect(() => readHistory([folder], at)).toThrow(
      /^history: a run must be there once, got r1 in again\.csv and, with/,
    );
  });

  test('cases that an interrupted run did not come to are known by its manifest', () => {
    const rows = [rowOf('dense', { run_id: 'r2', started_at: '2031-06-02T02:00:00.000Z' })];
    const case_ids = [caseId('dense'), caseId('int4')];
    writeRun(folder, 'r2', rows, { manifest: { case_ids } });
    const [, interrupted] = readHistory([folder], at).runs;
    expect([...interrupted.missing]).toEqual([caseId('int4')]);
    expect([...interrupted.asked.caseIds]).toEqual(case_ids);
  });

  test('many runs that were asked for something else are named by the first three', () => {
    for (const n of [2, 3, 4, 5]) write(`r${n}`, `2031-06-0${n}`, 'a', { preset: 'smoke' });
    for (const n of [6, 7]) write(`r${n}`, `2031-06-0${n}`, 'a', { preset: 'nightly' });
    const { runs, notes } = readHistory([folder], at);
    expect(runs.map(({ id }) => id)).toContain('r7');
    expect(notes.at(-1)).toMatch(/^passed over r\d\.csv, r\d\.csv, r\d\.csv and \d more: asked for something else/);
  });
});

test('rows that a time budget left out are no rows of a history', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tare-history-'));
  const left = { ...rowOf('csr'), status: 'skipped', reason: 'budget', speedup: undefined };
  writeRun(folder, '2031-01-01T02-00-00-0001', [rowOf('dense'), rowOf('int4'), left]);
  const [run] = readHistory([folder], { nowMs: Date.UTC(2031, 5, 30), commits: [] }).runs;
  expect([...run.rows.values()].map(({ technique }) => technique)).toEqual(['dense', 'int4']);
  expect([run.missing, run.leftOut]).toEqual([new Set([left.case_id]), new Set([left.case_id])]);
});
