import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { columns, type ResultRow } from '../columns.ts';
import { parseRows, readRows } from '../csv.ts';
import { textOfNumber } from './cells.ts';
import { type Connection, openDatabase, quotedName, whyNoDuckDb } from './duckdb.ts';
import { findSources } from './sources.ts';
import { createViews } from './views.ts';

const BASELINE = join(import.meta.dirname, '../../../results/baseline.csv');
const reason = whyNoDuckDb();

test('where DuckDB is missing, it says how to get it', () => {
  expect(whyNoDuckDb(tmpdir())).toContain('npm run duckdb:install');
});

if (reason !== undefined) test.skip(`DuckDB is unavailable here: ${reason}`, () => {});

describe.runIf(reason === undefined)('cells in DuckDB', () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await openDatabase(512);
  });
  afterAll(() => connection.closeSync());

  test('numbers are written as JavaScript writes them', async () => {
    const view = new DataView(new ArrayBuffer(8));
    const patterns = Array.from({ length: 2000 }, (_, i) => {
      view.setBigUint64(0, (BigInt(i) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn);
      return view.getFloat64(0);
    });
    const scales = Array.from(
      { length: 600 },
      (_, i) => (i % 2 === 0 ? 1 : -1) * 1.2345678901234567 * 10 ** (i / 20 - 12),
    );
    const edges = [
      0, 1, -1, 0.1, 1e-6, 9.999999e-7, 1e-7, 1.5e-5, -2e-5, 1e15, 1e16, 123456789012345680, 5e-324, 1.7e308,
    ];
    const numbers = [...patterns, ...scales, ...edges].filter(Number.isFinite);
    const sql = `SELECT ${textOfNumber('x')} AS text FROM (SELECT unnest(from_json($1::JSON, '["DOUBLE"]')) AS x)`;
    const rows = (await connection.runAndReadAll(sql, [JSON.stringify(numbers)])).getRowObjectsJson();
    // Of whole numbers that large DuckDB writes the exponent; no figure of a row is one.
    const wrong = numbers.filter((x, i) => rows[i].text !== String(x) && !(Math.abs(x) >= 9e15 && Math.abs(x) < 1e21));
    expect(wrong).toEqual([]);
  });
});

/** What other programs make of the file when they save it. */
const saved: Record<string, (text: string) => string> = {
  'as tare writes it': (text) => text,
  'with the mark that Excel puts first': (text) => `\uFEFF${text}`,
  'with the line ends of Windows': (text) => text.replaceAll('\n', '\r\n'),
  'with blank lines': (text) => text.replaceAll('\n', '\n\n'),
  'as pandas writes it': (text) =>
    text
      .replaceAll(/\b(true|false)\b(?=,)/g, (word) => `${word[0].toUpperCase()}${word.slice(1)}`)
      .replaceAll(/^1,/gm, '1.0,'),
  'without the last line end': (text) => text.trimEnd(),
};

describe.runIf(reason === undefined)('rows of a CSV in DuckDB are what tare reads', () => {
  test.each(Object.entries(saved))('%s', async (_, save) => {
    const text = save(readFirstLines(20));
    expect(await rowsOf(text)).toEqual(parseRows(text, 'x.csv').map(present));
  });

  test('with semicolons and commas for points, as spreadsheets save them', async () => {
    const rows = readRows(BASELINE).slice(0, 5);
    const names = columns.map(({ name }) => name);
    const lines = rows.map((row) =>
      names.map((name) => `"${String(row[name] ?? '').replace(/^(-?\d+)\.(\d)/, '$1,$2')}"`).join(';'),
    );
    const text = `${[names.join(';'), ...lines].join('\r\n')}\r\n`;
    expect(await rowsOf(text)).toEqual(parseRows(text, 'x.csv').map(present));
  });

  test('the cells of formulas come without their apostrophe, and hostile names as they are', async () => {
    const text = `schema_version,case_id,reason\n1,"a,""b""","'=1+1"\n1,<script>,'-x\n1,x,''y\n1,y,NA\n`;
    expect(await rowsOf(text)).toEqual(parseRows(text, 'x.csv').map(present));
  });
});

function readFirstLines(count: number): string {
  const rows = readRows(BASELINE).slice(0, count);
  return [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ name }) => cell(row[name])))]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');
}

function cell(value: unknown): string {
  const text = String(value ?? '');
  return text.includes(',') ? `"${text}"` : text;
}

function present(row: ResultRow): object {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

async function rowsOf(text: string): Promise<object[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tare-cells-'));
  const path = join(folder, 'x.csv');
  writeFileSync(path, text);
  const connection = await openDatabase(512);
  try {
    await createViews(connection, findSources([path]), folder);
    const list = columns.map(({ name, type }) =>
      type === 'integer' ? `CAST(${quotedName(name)} AS DOUBLE) AS ${quotedName(name)}` : quotedName(name),
    );
    const rows = (await connection.runAndReadAll(`SELECT ${list}, file FROM rows`)).getRowObjectsJson();
    return rows.map(({ file, ...row }) => {
      expect(file).toBe(basename(path));
      return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
    });
  } finally {
    connection.closeSync();
  }
}
