import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Connection, openDatabase, quotedText, whyNoDuckDb } from './duckdb.ts';
import { assertReadOnly } from './read-only.ts';
import { findSources } from './sources.ts';
import { createViews } from './views.ts';

const reason = whyNoDuckDb();
const folder = mkdtempSync(join(tmpdir(), 'tare-read-only-'));
const csv = join(folder, 'run.csv');
const TEXT = 'schema_version,run_id,case_id\n1,r,a\n1,r,b\n';
writeFileSync(csv, TEXT);
const out = join(folder, 'out.csv');

if (reason !== undefined) test.skip(`DuckDB is unavailable here: ${reason}`, () => {});

describe.runIf(reason === undefined)('a query', () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await openDatabase(512);
    await createViews(connection, findSources([csv]), folder);
  });
  afterAll(() => connection.closeSync());

  const ask = async (sql: string) => {
    await assertReadOnly(connection, sql);
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  };

  test.each([
    'SELECT count(*) AS n FROM rows;',
    '-- how many\nSELECT count(*) AS n FROM rows',
    'WITH a AS (FROM rows) SELECT CAST(count(*) AS INTEGER) AS n FROM a, range(1)',
  ])('answers %j', async (sql) => {
    expect((await ask(sql)).map(({ n }) => Number(n))).toEqual([2]);
  });

  test.each([
    'EXPLAIN SELECT 1',
    'EXPLAIN ANALYZE FROM rows',
    'explain (format json) select 1',
    'DESCRIBE rows',
    'SUMMARIZE rows',
    'SHOW TABLES',
  ])('may look at %s', async (sql) => {
    expect((await ask(sql)).length).toBeGreaterThan(0);
  });

  // Over the run's own CSV, which the views may read: nothing else stands between it and a statement that writes.
  test.each([
    `COPY (SELECT 1) TO ${quotedText(out)}`,
    `COPY (SELECT 1) TO ${quotedText(csv)}`,
    `EXPLAIN ANALYZE COPY (SELECT 1) TO ${quotedText(csv)}`,
    `EXPLAIN /* */ ANALYZE COPY (SELECT 1) TO ${quotedText(csv)}`,
    `SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = ${quotedText(csv)})`,
    `WITH a AS (SELECT * FROM system.main."Enable_Logging"('QueryLog')) FROM a`,
    `SELECT (SELECT count(*) FROM enable_logging('QueryLog'))`,
    `EXPORT DATABASE ${quotedText(folder)}`,
    `ATTACH ${quotedText(join(folder, 'x.db'))} AS x`,
    'INSTALL httpfs',
    'LOAD httpfs',
    `SELECT * FROM read_csv('/etc/passwd')`,
    `SELECT * FROM read_csv(${quotedText(csv)})`,
    `SELECT * FROM sniff_csv('/etc/passwd')`,
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM glob('/etc/*')`,
    `SELECT * FROM query('SELECT * FROM read_csv(''/etc/passwd'')')`,
    'PRAGMA database_list',
    `PRAGMA memory_limit = '64GB'`,
    `SET memory_limit = '64GB'`,
    'RESET memory_limit',
    'SELECT 1; SELECT 2',
    `SELECT 1; COPY (SELECT 1) TO ${quotedText(out)}`,
    'CREATE TABLE t AS SELECT 1',
    'DROP VIEW rows',
    'DELETE FROM manifests',
    'CALL enable_logging()',
    'CHECKPOINT',
    'BEGIN',
    'PREPARE x AS SELECT 1',
    'USE memory',
    'SELEC 1',
    '',
    '-- nothing',
  ])('is refused: %s', async (sql) => {
    await expect(ask(sql)).rejects.toThrow(/^query: /);
  });

  test.each([
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM 'file:///etc/passwd.csv'",
    "FROM '/etc/hosts.csv'",
    'FROM nope',
  ])('finds no file: %s', async (sql) => {
    await expect(ask(sql)).rejects.toThrow();
  });

  test('that needs more memory than there is fails', async () => {
    await expect(ask(`SELECT length(string_agg(repeat('x', 1000000), '')) FROM range(3000)`)).rejects.toThrow(
      /memory|allocate/i,
    );
  });

  test('leaves nothing behind', () => {
    expect(readFileSync(csv, 'utf8')).toBe(TEXT);
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(folder)).toEqual(['run.csv']);
  });
});
