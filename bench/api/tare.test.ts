import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { PROJECT } from '../cases/registry.ts';
import { rowOf, writeRun } from '../fixtures/run-files.ts';
import { compare, InputError, type RunChoices, run } from './tare.ts';

const SMALL: RunChoices = { preset: 'smoke', technique: ['int8'], backend: ['ts'] };

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'tare-api-'));
});

test('the program that docs/package.md shows measures, compares and prints what it says', { timeout: 60_000 }, () => {
  const [, program] =
    /^`weigh\.ts`\n\n```ts\n(.*?)^```$/ms.exec(readFileSync(join(PROJECT, 'docs/package.md'), 'utf8')) ?? [];
  const tare = join(out, 'node_modules', 'tare');
  mkdirSync(tare, { recursive: true });
  writeFileSync(join(tare, 'index.mjs'), `export * from ${JSON.stringify(join(PROJECT, 'bench/api/tare.ts'))};`);
  writeFileSync(join(tare, 'package.json'), '{ "exports": "./index.mjs" }');
  writeFileSync(join(out, 'weigh.ts'), program);
  writeFileSync(join(out, 'package.json'), '{ "type": "module" }');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['weigh.ts'], { cwd: out, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^smoke:int8:ts:\S+: \d+\.\d\d times as fast, \d+ bytes, \d\d dB$/m);
  expect(stdout).toMatch(/^smoke:int8:ts:\S+: (same|inconclusive|faster|slower)$/m);
});

test('a run gives its rows as they lie on disk, and says how far it is', async () => {
  const done: (string | undefined)[] = [];
  const onCase = ({ row }: { row?: { case_id?: string } }) => void (row && done.push(row.case_id));
  const { csvPath, rows, interrupted } = await run({ ...SMALL, out }, { onCase });
  expect(interrupted).toBe(false);
  expect(existsSync(csvPath)).toBe(true);
  expect(rows.map(({ technique, status }) => [technique, status])).toEqual([
    ['int8', expect.stringMatching(/ok|noisy/)],
  ]);
  expect(done).toEqual(rows.map(({ case_id }) => case_id));
});

test('a run that its signal ends is interrupted, and goes on by its CSV', async () => {
  const { interrupted, missing, csvPath } = await run({ ...SMALL, out }, { signal: AbortSignal.abort() });
  expect({ interrupted, missing }).toEqual({ interrupted: true, missing: 1 });
  await expect(run({ resume: csvPath, technique: ['csr'] })).rejects.toThrow(/^--resume: must stand without flags/);
  expect((await run({ resume: csvPath })).rows).toHaveLength(1);
});

test.each<[string, object, RegExp]>([
  [
    'a choice that there is not',
    { techniques: ['int8'] },
    /^run: choices: must be as RunChoices says, got .*"techniques"/,
  ],
  ['a value of another kind', { technique: 'int8' }, /^run: technique: must be as RunChoices says, got .*string$/],
  [
    'a name that nothing has',
    { technique: ['int88'] },
    /^--technique: must be one of tare's, got int88; nearest: int8/,
  ],
  ['a history without a budget', { history: 'h' }, /^--history: must go with --budget/],
])('%s is refused before anything is written', async (_, choices, message) => {
  const asked = run({ ...SMALL, ...choices, out: join(out, 'results') } as RunChoices);
  await expect(asked).rejects.toThrow(InputError);
  await expect(asked).rejects.toThrow(message);
  expect(existsSync(join(out, 'results'))).toBe(false);
});

test('two runs are compared as tare compare does', async () => {
  const base = writeRun(out, 'base', [rowOf('dense'), rowOf('int8')]);
  const head = writeRun(out, 'head', [rowOf('dense'), rowOf('int8', { stored_bytes: 101 })]);
  const { isRegression, comparisons } = await compare(base, head);
  expect(isRegression).toBe(true);
  expect(comparisons.flatMap(({ changes }) => changes)).toMatchObject([{ column: 'stored_bytes', isWorse: true }]);
  await expect(compare(base, join(out, 'none.csv'))).rejects.toThrow(InputError);
});
