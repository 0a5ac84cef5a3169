import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { beforeEach, describe, expect, test } from 'vitest';
import { tareHere } from '../fixtures/command-line.ts';
import { caseId, rowOf, runArguments, writeRun } from '../fixtures/run-files.ts';

let folder: string;
let base: string;
let head: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-compare-'));
  const dense = rowOf('dense', { speedup: 1 });
  base = writeRun(folder, 'base', [dense, rowOf('int4')]);
  head = writeRun(folder, 'head', [dense, rowOf('int4', { sqnr_db: 39.5, env_hash: 'e2', node_version: '24.9.0' })]);
});

const tare = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => tareHere('.', args, env);

test('a regression exits with 1, and the table says what, where and on which machines', async () => {
  const { status, stdout } = await tare(['compare', base, head]);
  expect(status).toBe(1);
  expect(stdout).toContain('sqnr_db 40.1 → 39.5 (worse)');
  expect(stdout).toContain('node_version 24.0.0 → 24.9.0');
  expect(stdout).toContain('cases were measured in one process');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
});

test('json and csv hold every case, and say the same', async () => {
  const json = JSON.parse((await tare(['compare', base, head, '--format', 'json'])).stdout);
  const csv = parse<Record<string, string>>((await tare(['compare', base, head, '--format', 'csv'])).stdout, {
    columns: true,
  });
  expect(csv.map(({ case_id, regression }) => [case_id, regression])).toEqual([
    [rowOf('dense').case_id, 'false'],
    [rowOf('int4').case_id, 'true'],
  ]);
  expect(json.cases.map(({ case_id }: { case_id: string }) => case_id)).toEqual(csv.map(({ case_id }) => case_id));
});

test('github gets annotations, and the job summary gets the Markdown table', async () => {
  const summary = join(folder, 'summary.md');
  writeFileSync(summary, 'before\n');
  const { stdout } = await tare(['compare', base, head, '--format', 'github'], { GITHUB_STEP_SUMMARY: summary });
  expect(stdout).toMatch(/^::error title=tare compare::s:int4:ts:M=1,N=2,K=3: worse drift or more bytes \(sqnr_db/m);
  expect(readFileSync(summary, 'utf8')).toMatch(
    /^before\n### tare compare\n[\s\S]*\| technique \| backend \| verdict \|/,
  );
});

test('what only base was asked for is listed and no regression; what both were asked for has vanished', async () => {
  const whole = writeRun(folder, 'whole', [rowOf('dense'), rowOf('int4'), rowOf('csr')], { manifest: {} });
  const only = (id: string, filter: string[]) =>
    writeRun(folder, id, [rowOf('dense')], { manifest: { arguments: { ...runArguments, filter } } });
  const part = await tare(['compare', whole, only('part', ['dense'])]);
  expect(part.status).toBe(0);
  expect(part.stdout).toContain('part.csv: 2 cases of the other run were not asked for');
  const all = (await tare(['compare', whole, only('part', ['dense']), '--format', 'csv'])).stdout;
  expect(
    parse<Record<string, string>>(all, { columns: true })
      .map(({ why }) => why)
      .slice(1),
  ).toEqual(['not asked for', 'not asked for']);
  const broken = await tare(['compare', whole, only('broken', [])]);
  expect(broken.status).toBe(1);
  expect(broken.stdout).toContain('2 regressed');
});

test('what an interrupted run did not come to has not vanished, what it was no more to run has', async () => {
  const whole = writeRun(folder, 'whole', [rowOf('dense'), rowOf('int4'), rowOf('csr')], { manifest: {} });
  const planned = ['dense', 'int4'].map(caseId);
  const cut = writeRun(folder, 'cut', [rowOf('dense')], { manifest: { state: 'interrupted', case_ids: planned } });
  const { status, stdout } = await tare(['compare', whole, cut]);
  expect(status).toBe(1);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('cut.csv: 1 case of the other run was not come to before');
  expect(stdout).toContain('1 regressed');
});

describe('files as they come', () => {
  test('CRLF, other column orders and unknown columns are read', async () => {
    const [header, ...lines] = readFileSync(base, 'utf8').trimEnd().split('\n');
    writeFileSync(base, `${[`${header},new_column`, ...lines.map((line) => `${line},x`)].join('\r\n')}\r\n`);
    expect((await tare(['compare', base, base])).status).toBe(0);
  });

  test('a last line that a kill cut short is left out and said', async () => {
    appendFileSync(head, readFileSync(head, 'utf8').split('\n')[1].slice(0, 60));
    const { status, stdout } = await tare(['compare', base, head]);
    expect(status).toBe(1);
    expect(stdout).toContain('head.csv: the last line is unfinished or damaged and was left out');
  });

  test.each([
    ['an empty file', '', /must be a tare results file, got an empty file/],
    ['another CSV', 'a,b\n1,2\n', /must be a tare results file with the columns/],
    ['a header alone', undefined, /must have rows, got none/],
    ['a NaN cell', 'schema_version,case_id,speedup\n1,a,NaN\n', /row 1: speedup must be a number, got NaN/],
    [
      'a case twice',
      'schema_version,case_id,run_id,speedup\n1,a,r,1\n1,a,r,2\n',
      /a run must have a case once, got a in rows 1 and 2, which differ; take one out/,
    ],
    ['two runs', 'schema_version,case_id,run_id\n1,a,r\n1,a,s\n', /must hold one run, got r, s with cases in common/],
  ])('%s is one line and exit code 2', async (_, text, message) => {
    writeFileSync(head, text ?? `${readFileSync(base, 'utf8').split('\n')[0]}\n`);
    const { status, stdout, stderr } = await tare(['compare', base, head]);
    expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 });
    expect(stderr).toMatch(message);
  });

  test('a folder and a file that is not there are named', async () => {
    expect((await tare(['compare', base, folder])).stderr).toMatch(/must be a readable results file, got a folder/);
    expect((await tare(['compare', base, join(folder, 'no.csv')])).stderr).toMatch(/no\.csv: .* got ENOENT/);
  });
});
