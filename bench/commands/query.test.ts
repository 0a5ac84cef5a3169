import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT } from '../cases/registry.ts';
import { formatResult, type QueryFormat } from '../report/query-result.ts';
import { type Connection, openDatabase, sentenceOf, whyNoDuckDb } from '../results/database/duckdb.ts';
import { assertReadOnly } from '../results/database/read-only.ts';
import { findSources } from '../results/database/sources.ts';
import { createViews } from '../results/database/views.ts';
import { namedQueries } from '../results/named-queries.ts';

const reason = whyNoDuckDb();
const history = mkdtempSync(join(tmpdir(), 'tare-query-'));
const HEADER = 'schema_version,run_id,started_at,case_id,status,env_hash,speedup,reason';
const run = (id: string, day: string, speedup: number) =>
  writeFileSync(
    join(history, `${id}.csv`),
    `${HEADER}\n1,${id},${day}T00:00:00.000Z,a,ok,m,${speedup},\n1,${id},${day}T00:00:01.000Z,b,skipped,m,,\n1,${id},${day}T00:00:02.000Z,a,skipped,m,,budget\n`,
  );

async function tare(...words: string[]) {
  const child = spawn(process.execPath, [join(PROJECT, 'bench/main.ts'), ...words], { cwd: history });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await once(child, 'close');
  const [stdout, stderr] = await said;
  return { code, stdout, stderr };
}

if (reason !== undefined) test.skip(`DuckDB is unavailable here: ${reason}`, () => {});

describe.runIf(reason === undefined)('tare query', () => {
  let connection: Connection;
  let notes: string[];
  beforeAll(async () => {
    run('first', '2026-01-01', 1.5);
    run('second', '2026-01-02', 1.25);
    run('third', '2099-01-01', 9);
    copyFileSync(join(history, 'first.csv'), join(history, 'copy-of-first.csv'));
    writeFileSync(
      join(history, 'second.samples.jsonl'),
      '{"case_id":"a","pass":1,"candidate_ns":[[5,6],[7]],"baseline_ns":[[9]]}\n{"case_',
    );
    writeFileSync(join(history, 'empty.csv'), '');
    writeFileSync(
      join(history, 'events.jsonl'),
      '{"kind":"accept","at":"2026-01-02","text":"meant","cases":"a","commit":"1818181"}\n{\n',
    );
    writeFileSync(join(history, 'prices.csv'), 'name,price\nx,1\n');
    writeFileSync(join(history, 'first.run.json'), '{');
    writeFileSync(
      join(history, 'cut.csv'),
      `${HEADER},colour\n1,cut,2025-12-31T00:00:00.000Z,c,ok,m,2,,red\n1,cut,2025`,
    );
    mkdirSync(join(history, 'odd [names]*'));
    copyFileSync(join(history, 'second.csv'), join(history, 'odd [names]*', 'second.csv'));
    connection = await openDatabase(512);
    notes = await createViews(connection, findSources([history]), history);
  });
  afterAll(() => connection.closeSync());

  async function ask(sql: string, format: QueryFormat = 'csv', width = 80): Promise<string> {
    return (await Array.fromAsync(formatResult(await connection.stream(sql), format, width))).join('');
  }

  test('reads what a history holds and says what it passed over', async () => {
    expect(await ask('SELECT file, count(*) AS n FROM rows GROUP BY file ORDER BY file')).toBe(
      'file,n\ncopy-of-first.csv,3\ncut.csv,1\nsecond.csv,3\nthird.csv,3\n',
    );
    expect(notes.map((note) => note.replace(/(?<= )\S*\//, '')).toSorted()).toEqual([
      'cut.csv: the last line is unfinished or damaged and was left out',
      'events.jsonl line 2: must be a JSON object, got {; passed over',
      'first.csv: is copy-of-first.csv again and counts once',
      'passed over empty.csv: must be a tare results file, got an empty file',
      'passed over first.run.json: must be JSON',
      'passed over prices.csv: must be a tare results file with the columns schema_version and case_id',
    ]);
  });

  test('has columns of all files, those that tare does not know too', async () => {
    expect(await ask('SELECT case_id, colour, sqnr_db FROM rows WHERE speedup = 2')).toBe(
      'case_id,colour,sqnr_db\nc,red,\n',
    );
  });

  test('the latest row of a case is none of a year that is yet to come, and none for which there was no time', async () => {
    expect(await ask("SELECT run_id, speedup FROM latest WHERE case_id = 'a'")).toBe('run_id,speedup\nsecond,1.25\n');
  });

  test('has every sample, by round', async () => {
    expect(await ask('SELECT kind, round, ns, run_id FROM samples ORDER BY kind, ns')).toBe(
      'kind,round,ns,run_id\nbaseline,1,9,second\ncandidate,1,5,second\ncandidate,1,6,second\ncandidate,2,7,second\n',
    );
  });

  test('has a line for each run', async () => {
    expect(await ask("SELECT run_id, started_at, cases, ok, skipped FROM runs WHERE run_id = 'first'")).toBe(
      'run_id,started_at,cases,ok,skipped\nfirst,2026-01-01T00:00:00.000Z,3,1,2\n',
    );
  });

  test.each(namedQueries())('$name runs', async ({ sql, description }) => {
    await assertReadOnly(connection, sql);
    expect(await ask(sql)).toMatch(/^\w+,/);
    expect(description).toMatch(/^[a-z].{20,120}$/);
  });

  test('the newest speed-up is none of a year that is yet to come', async () => {
    const [{ sql }] = namedQueries().filter(({ name }) => name === 'slowest-regressions');
    expect(await ask(`SELECT case_id, run_id, speedup, before FROM (${sql})`)).toBe(
      'case_id,run_id,speedup,before\na,second,1.25,1.5\n',
    );
  });

  test.each<[QueryFormat, string]>([
    ['table', '               n         x  list   "a"  name\n9007199254740993  0.333333  [1,2]       <b>|\\u{1b}\n'],
    ['csv', 'n,x,list,"""a""",name\n9007199254740993,0.3333333333333333,"[1,2]",,<b>|\\u{1b}\n'],
    [
      'json',
      '[\n{"n":"9007199254740993","x":0.3333333333333333,"list":[1,2],"\\"a\\"":null,"name":"<b>|\\\\u{1b}"}\n]\n',
    ],
    [
      'markdown',
      '| n | x | list | "a" | name |\n| --: | --: | --- | --: | --- |\n| 9007199254740993 | 0.333333 | \\[1,2\\] |  | \\<b\\>\\|\\\\u{1b} |\n',
    ],
  ])('as %s', async (format, expected) => {
    const sql = `SELECT 9007199254740993 AS n, 1 / 3 AS x, [1, 2] AS list, NULL AS """a""", '<b>|' || chr(27) AS name`;
    expect(stripVTControlCharacters(await ask(sql, format))).toBe(expected);
  });

  test('what is too wide for the terminal becomes a paragraph', async () => {
    const lines = (await ask(`SELECT 'x' AS a, repeat('word ', 30) AS b, 1 AS c`, 'table', 40)).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  test('has what people said of the history', async () => {
    expect(await ask('SELECT kind, cases, text FROM events')).toBe('kind,cases,text\naccept,a,meant\n');
  });

  test.each([
    ['none.csv', /none\.csv: must name results, got no such file$/],
    ['prices.csv', /^prices\.csv: must be a tare results file/],
    ['none', /^query: must find results, got none in /],
  ])('%s is refused', (name, message) => {
    mkdirSync(join(history, 'none', 'folder.csv'), { recursive: true });
    expect(() => findSources([join(history, name)])).toThrow(message);
  });

  test('a cell that is no figure is named without the hundred beside it', async () => {
    const word = join(history, 'word.csv');
    const row = (speedup: string) => `1,word,2026-01-01T00:00:00.000Z,a,ok,m,${speedup},because\n`;
    writeFileSync(word, `${HEADER}\n${['1', '2', 'fast'].map(row).join('')}`);
    const other = await openDatabase(512);
    await createViews(other, findSources([word]), history);
    const asked = other.runAndReadAll('SELECT max(speedup) FROM rows');
    expect(sentenceOf(await asked.catch((error: unknown) => error))).toMatch(
      /word\.csv: CSV Error on Line: 4, .*column "speedup".*"fast" to 'DOUBLE'$/,
    );
    other.closeSync();
  });

  test('files that were put one behind the other are read, each by its own header', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tare-query-'));
    const first = `${HEADER}\n1,one,2026-01-01T00:00:00.000Z,a,ok,m,1.5,no case_id\n`;
    const second = 'case_id,colour,schema_version,run_id\r\nb,red,1,two\r\n';
    writeFileSync(join(folder, 'joined.csv'), `${first}${second}${first}`);
    writeFileSync(join(folder, 'packed.csv.gz'), gzipSync(`${first.replaceAll('one', 'three')}${second}`));
    const other = await openDatabase(512);
    const said = await createViews(other, findSources([folder]), folder);
    const sql = "SELECT concat_ws(' ', file, run_id, case_id, speedup, colour) AS row FROM rows ORDER BY row";
    const asked = (await other.runAndReadAll(sql)).getRowObjectsJson();
    expect({ rows: asked.map(({ row }) => row), said }).toEqual({
      rows: [
        'joined.csv one a 1.5',
        'joined.csv one a 1.5',
        'joined.csv two b red',
        'packed.csv three a 1.5',
        'packed.csv two b red',
      ],
      said: [
        'joined.csv: holds 3 files, one behind the other; all are read',
        'packed.csv.gz: holds 2 files, one behind the other; all are read',
      ],
    });
    other.closeSync();
  });

  test('a query that never ends is killed, one that takes all memory too, and others answer', async () => {
    const [wrong, endless, greedy, plain] = await Promise.all([
      tare('query', 'SELECT nope FROM rows', '*/*.csv'),
      tare('query', 'SELECT count(*) FROM range(1000000) a, range(1000000000) b', '.', '--timeout', '1'),
      tare('query', 'SELECT range(2000000000)', '.', '--memory', '256'),
      tare('query', '--named', 'longest-cases', '*/*.csv', '--format', 'json'),
    ]);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^tare: query: Referenced column "nope" not found.*\n$/),
    });
    expect(endless).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('must end within 1 s') });
    expect(greedy).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/memory|allocate/) });
    expect(plain).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(plain.stdout)).toHaveLength(1);
  });
});
