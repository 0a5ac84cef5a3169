// Files that other programs, people and accidents made of a results CSV, given to every command that reads one.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ended, tareHere } from '../fixtures/command-line.ts';
import { rowOf, runArguments, writeRun } from '../fixtures/run-files.ts';

const SCRIPT = '</script><script>alert(1)</script>\u001b[2J';
const rows = [
  rowOf('dense', { speedup: 1, causal: true, shard: '1/1' }),
  rowOf('int4', { rel_fro_err: 1.5e-7, shard: '1/1', weights: SCRIPT }),
  rowOf('csr', { status: 'skipped', reason: `=${SCRIPT}, "so"`, p20_ns: undefined, shard: '1/1' }),
];

let folder: string;
let original: string;
let records: Record<string, string>[];
beforeAll(() => {
  process.env.NO_COLOR = '1';
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-foreign-'));
  mkdirSync(join(folder, 'history'));
  const all_case_ids = rows.map(({ case_id = '' }) => case_id);
  const manifest = { arguments: { ...runArguments, shard: '1/1' }, all_case_ids };
  original = readFileSync(writeRun(folder, 'r1', rows, { manifest }), 'utf8');
  records = parse(original, { columns: true });
});

const commands = {
  show: ['show', 'r1.csv'],
  compare: ['compare', 'r1.csv', 'r1.csv'],
  track: ['track', 'r1.csv'],
  merge: ['merge', 'r1.csv', '--out', 'merged'],
  'export to junit': ['export', 'r1.csv', '--to', 'junit'],
  'export to bmf': ['export', 'r1.csv', '--to', 'bmf'],
} as const;
type Command = keyof typeof commands;
const names = Object.keys(commands) as Command[];

async function answers(text: string | Buffer): Promise<[Command, Ended][]> {
  writeFileSync(join(folder, 'r1.csv'), text);
  const said: [Command, Ended][] = [];
  for (const name of names) {
    const ended = await tareHere(folder, commands[name]);
    said.push([name, { ...ended, stdout: ended.stdout.replace(/^merged\/.*$/m, '') }]);
    if (name === 'merge' && ended.status === 0) emptyMerged(ended.stdout);
  }
  return said;
}

/** What was merged is there again the next time. */
function emptyMerged(stdout: string): void {
  const [, stem] = /^(merged\/.*)\.csv$/m.exec(stdout) ?? [];
  for (const kind of ['csv', 'run.json', 'samples.jsonl'])
    renameSync(join(folder, `${stem}.${kind}`), join(folder, `earlier.${kind}`));
}

type Cell = (text: string, column: string) => string;
const WHOLE = /^\d{1,6}$/;
const FRACTION = /^-?\d+\.\d+(e-?\d+)?$/;
const TRUTH = /^(true|false)$/;

function saved(cell: Cell, options: Parameters<typeof stringify>[1] = {}): string {
  const changed = records.map((record) =>
    Object.fromEntries(Object.entries(record).map(([column, text]) => [column, cell(text, column)])),
  );
  return stringify(changed, { header: true, ...options });
}

describe('what another program saved gives the same tables, verdicts and exports', () => {
  test.each<[string, () => string]>([
    [
      'pandas: whole numbers as floats, truths as Python has them, an index',
      () => {
        const text = saved((cell) =>
          cell.replace(WHOLE, '$&.0').replace(TRUTH, (truth) => truth[0].toUpperCase() + truth.slice(1)),
        );
        return text.replace(/^(?=.)/gm, '0,').replace(/^0/, '');
      },
    ],
    [
      'Excel: a byte-order mark, CRLF, truths in capitals, exponents',
      () =>
        `\uFEFF${saved((cell) => cell.replace(TRUTH, (truth) => truth.toUpperCase()).replace(/e-7$/, 'E-07'), {
          record_delimiter: 'windows',
        })}`,
    ],
    [
      'Excel where the decimal mark is a comma: semicolons',
      () =>
        `\uFEFF${saved(
          (cell, column) => (FRACTION.test(cell) && !/version/.test(column) ? cell.replace('.', ',') : cell),
          {
            delimiter: ';',
            record_delimiter: 'windows',
          },
        )}`,
    ],
    ['a program that quotes every cell', () => saved((cell) => cell, { quoted: true, quoted_empty: true })],
    ['a program that knows more columns', () => saved((cell) => cell).replace(/$(?=\n)/gm, ',more')],
  ])('%s', async (_, text) => {
    const expected = await answers(original);
    expect(expected.map(([, { status }]) => status)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(JSON.stringify(expected)).not.toContain('\\u001b');
    expect(await answers(text())).toEqual(expected);
  });
});

describe('what can’t be read is one line with exit code 2 at every command, and stays as it is', () => {
  test.each<[string, () => string | Buffer, RegExp]>([
    ['an empty file', () => '', /must be a tare results file, got an empty file/],
    ['blank lines', () => '\n\n', /must be a tare results file with the columns/],
    ['no text', () => Buffer.of(0, 255, 10, 254), /must be a tare results file with the columns/],
    [
      'a later schema',
      () => saved((cell, column) => (column === 'schema_version' ? '2' : cell)),
      /schema version 1, got 2/,
    ],
    ['UTF-16', () => Buffer.from(`\uFEFF${original}`, 'utf16le'), /got UTF-16; save it as "CSV UTF-8"/],
    [
      'figures in groups of three',
      () => saved((cell) => cell.replace(/^1000$/, '1,000')),
      /p20_ns must be a number, got 1,000/,
    ],
    [
      'cases without an id',
      () => saved((cell, column) => (column === 'case_id' ? '' : cell)),
      /row 1: must have a case_id/,
    ],
  ])('%s', async (_, make, message) => {
    const text = make();
    for (const [name, ended] of await answers(text))
      expect({ name, ...ended }).toEqual({
        name,
        status: 2,
        stdout: '',
        stderr: expect.stringMatching(new RegExp(`^tare: r1\\.csv: [^\\n]*${message.source}[^\\n]*\\n$`)),
      });
    expect(readFileSync(join(folder, 'r1.csv'))).toEqual(Buffer.from(text));
  });

  test('a header alone', async () => {
    const said = await answers(original.split('\n')[0]);
    for (const [name, { status, stderr }] of said)
      expect([name, status, stderr.trimEnd().split('\n').length]).toEqual([name, 2, 1]);
  });
});

test('files that were put one behind the other are read as if they were several', async () => {
  const other = original.replaceAll(',r1,', ',r2,');
  writeFileSync(join(folder, 'all.csv'), original + other);
  const { status, stdout } = await tareHere(folder, ['show', 'all.csv']);
  expect([status, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, 'all.csv: 6 cases: 4 ok, 2 skipped']);
  const twice = original + original;
  for (const [name, { status, stdout, stderr }] of await answers(twice))
    expect([name, status, (stdout + stderr).replaceAll(/\s+/g, ' ')]).toEqual([
      name,
      0,
      expect.stringContaining('3 rows stand there twice, the same in every cell, and count once'),
    ]);
});

test('what a kill left of the last line is left out, and every command says so', async () => {
  for (const [name, { stdout, stderr }] of await answers(original.slice(0, -90)))
    expect([name, (stdout + stderr).replaceAll(/\s+/g, ' ')]).toEqual([
      name,
      expect.stringMatching(
        /r1\.csv: the last line is unfinished or damaged|r1\.csv is unfinished \(tare run --resume\)/,
      ),
    ]);
});
