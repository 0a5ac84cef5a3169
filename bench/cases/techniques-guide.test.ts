// docs/techniques.md works word for word, from a folder that is none of tare's.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleWorker } from '../backends/browser/bundle.ts';
import { InputError } from '../contract/input-error.ts';
import { GUIDE_TECHNIQUE, guideTechnique } from './guide-technique.ts';
import { KERNELS_DIR, loadTechniques, PROJECT, techniqueFiles } from './registry.ts';
import { techniqueHash } from './technique-hash.ts';

const folder = mkdtempSync(join(tmpdir(), 'tare-guide-'));
const kernels = join(folder, 'my-kernels');
const technique = join(kernels, 'my-bf16', 'technique.ts');
const blocks = [...guideTechnique(GUIDE_TECHNIQUE)].map(([name, text]) => ['', `${GUIDE_TECHNIQUE}/${name}`, text]);

beforeAll(() => {
  for (const [, name, text] of blocks) write(join(kernels, name), text);
});

afterAll(() => {
  const compiled = join(PROJECT, '.wasm');
  for (const file of readdirSync(compiled)) if (/^my-bf16-/.test(file)) rmSync(join(compiled, file));
});

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

test('the guide’s technique runs on both backends, right and within its budget, its WebAssembly compiled on the way', () => {
  const args = [
    'run',
    '--preset',
    'smoke',
    '--kernels',
    'my-kernels',
    '--technique',
    'my-bf16',
    '--backend',
    'ts,wasm',
  ];
  const { status, stderr } = spawnSync(process.execPath, [join(PROJECT, 'bench/main.ts'), ...args, '--out', 'out'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.not.stringMatching(/Warning/) });
  const name = readdirSync(join(folder, 'out')).find((file) => file.endsWith('.csv')) ?? '';
  const csv = readFileSync(join(folder, 'out', name));
  const rows = parse<Record<string, string>>(csv, { columns: true });
  expect(rows.map(({ params, backend, drift_ok, bits }) => [params, backend, drift_ok, bits])).toEqual(
    ['ts', 'wasm'].flatMap((backend) =>
      ['nearest', 'truncated'].map((rounding) => [`rounding=${rounding}`, backend, 'true', '16']),
    ),
  );
  expect(new Set(rows.map(({ technique_hash }) => technique_hash))).toEqual(new Set([techniqueHash(technique)]));
});

test('it goes into the script of a page like any other', async () => {
  const main = join(folder, 'main.ts');
  write(main, 'export default (techniques: unknown) => techniques;');
  const script = await bundleWorker(main, techniqueFiles([kernels]));
  expect(script).toContain('bfloat16 weights');
});

test('the hash follows the code: its folder, and what it imports beside it', () => {
  const before = techniqueHash(technique);
  write(join(kernels, 'one.ts'), 'export const one = 1;\n');
  expect(techniqueHash(technique)).toBe(before);
  const pack = join(kernels, 'my-bf16', 'pack.ts');
  const original = readFileSync(pack, 'utf8');
  writeFileSync(pack, `import { one } from '../one.ts';\n${original}`);
  const importing = techniqueHash(technique);
  write(join(kernels, 'one.ts'), 'export const one = 2;\n');
  expect(new Set([before, importing, techniqueHash(technique)]).size).toBe(3);
  writeFileSync(pack, original);
  expect(techniqueHash(technique)).toBe(before);
});

describe('what is no technique is named when it is loaded', () => {
  /** The guide's technique with one line altered, in a folder of its own. */
  async function messageOf(alter: (text: string) => string, id = 'my-bf16'): Promise<string> {
    const own = mkdtempSync(join(folder, 'altered-'));
    for (const [, name, text] of blocks)
      write(
        join(own, name.replace('my-bf16/', `${id}/`)),
        name.endsWith('/technique.ts') ? alter(withoutName(text)) : text,
      );
    return messageFor(own);
  }

  /** The test runner finds modules by itself and knows no tare. */
  function withoutName(text: string): string {
    return text.replace("'tare'", `'${join(PROJECT, 'bench/contract/technique.ts')}'`);
  }

  async function messageFor(...folders: string[]): Promise<string> {
    const error: unknown = await loadTechniques([KERNELS_DIR, ...folders]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }

  test.each([
    ['a missing field', (text: string) => text.replace(/ {2}bytes: .*\n/, ''), /bytes must be a function, got nothing/],
    [
      'an unknown family',
      (text: string) => text.replace("'quantized'", "'quantised'"),
      /family must be one of dense, .*, got quantised/,
    ],
    [
      'an unknown operation',
      (text: string) => text.replace("'matmul'", "'conv'"),
      /op must be one of matmul, mlp, moe, attention, got conv/,
    ],
    ['a field that is mistyped', (text: string) => text.replace('columns:', 'colums:'), /Unrecognized key: "colums"/],
    [
      'no kernel',
      (text: string) => text.replace(/kernels: .*/, 'kernels: {},'),
      /kernels must have one of ts, wasm.*, got none/,
    ],
    [
      'a kernel of no kind',
      (text: string) => text.replace('{ ts:', '{ typescript:'),
      /kernels Unrecognized key: "typescript"/,
    ],
    ['an axis without values', (text: string) => text.replace("['nearest', 'truncated']", '[]'), /axes\.rounding /],
    [
      'a value that ids are taken apart by',
      (text: string) => text.replace("'truncated'", "'a,b'"),
      /axes\.rounding\.1 must be a number, or text .* got a,b/,
    ],
    [
      'a summary that a terminal would obey',
      (text: string) => text.replace('bfloat16 weights', '\\x1b[31m'),
      /summary must be text that can be shown/,
    ],
  ])('%s', async (_, alter, message) => {
    const said = await messageOf(alter);
    expect(said).toMatch(
      /my-bf16\/technique\.ts: must export what defineTechnique returns: .*; see docs\/techniques\.md$/,
    );
    expect(said).toMatch(message);
  });

  test('a name that tare has, or another folder', async () => {
    expect(await messageOf((text) => text, 'int8')).toMatch(
      /--kernels: techniques must have names of their own, got int8 in \S+kernels and in \S+; rename the folder/,
    );
    const copy = mkdtempSync(join(folder, 'copy-'));
    for (const [, name, text] of blocks) write(join(copy, name), text);
    expect(await messageFor(kernels, copy)).toMatch(/got my-bf16 in \S+my-kernels and in \S+copy-/);
  });

  test('a folder of the wrong level, or a name that is nearly right', async () => {
    expect(await messageFor(join(kernels, 'my-bf16'))).toMatch(
      /a technique itself, \S+bf16; give the folder it lies in, \S+my-kernels$/,
    );
    expect(await messageFor(folder)).toMatch(/got none in \S+, but some in \S+; give that$/);
    const mistyped = mkdtempSync(join(tmpdir(), 'tare-mistyped-'));
    write(join(mistyped, 'bf16', 'tecnique.ts'), '');
    expect(await messageFor(mistyped)).toMatch(/got \S+bf16\/tecnique\.ts; call it technique\.ts$/);
    expect(await messageFor(mkdtempSync(join(tmpdir(), 'tare-empty-')))).toMatch(
      /must hold <name>\/technique\.ts, got none in/,
    );
  });
});
