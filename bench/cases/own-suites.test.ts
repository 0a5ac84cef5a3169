// Suites of the user's own, as docs/suites.md shows them.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { argumentsOf } from '../api/run-choices.ts';
import { InputError } from '../contract/input-error.ts';
import { tareHere } from '../fixtures/command-line.ts';
import { runArguments } from '../fixtures/run-files.ts';
import { isAskedAlike } from '../results/same-asked.ts';
import { guideSuite } from './guide-technique.ts';
import { PROJECT } from './registry.ts';
import { selectCases } from './select.ts';

/** The test runner finds modules by itself and knows no tare. */
const GUIDE = guideSuite().replace("'tare'", `'${join(PROJECT, 'bench/api/tare.ts')}'`);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-suites-'));
});

function write(name: string, text = GUIDE): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function casesOf(...suite: string[]) {
  const { cases } = await selectCases(argumentsOf({ preset: 'smoke', suite, backend: ['ts'], technique: ['int8'] }));
  return cases.map(({ id }) => id.replace(/:ts:M=(\d+),.*/, ' $1'));
}

test('one is chosen by its path, alone or beside names; a folder stands for all of its suites', async () => {
  const path = write('mine/a.ts');
  write('mine/b.js', GUIDE.replace('[1, 64]', '[8]'));
  write('mine/notes.md', '');
  expect(await casesOf(path)).toEqual(['a:int8 1', 'a:int8 64']);
  expect(await casesOf('smoke', path)).toEqual(['smoke:int8 4', 'a:int8 1', 'a:int8 64']);
  expect(await casesOf(join(folder, 'mine'))).toEqual(['a:int8 1', 'a:int8 64', 'b:int8 8']);
});

test('it is listed and measured without a word from Node, wherever no package.json says what its modules are', {
  timeout: 30_000,
}, async () => {
  write('a.ts', GUIDE.replace('[1, 64]', '[1]'));
  const listed = await tareHere(folder, ['list', 'suites', '--suite', './a.ts']);
  expect(listed.stdout).toMatch(/^ {2}a +the products of my model/m);
  const { status, stderr } = await tareHere(folder, [
    ...['run', '--preset', 'smoke', '--suite', './a.ts', '--technique', 'int8', '--backend', 'ts', '--out', 'out'],
  ]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringMatching(/Warning|error/) });
});

test('runs of one suite that lies elsewhere on each machine were asked alike', () => {
  const askedFrom = (path: string) => ({
    manifest: { arguments: { ...runArguments, suite: [path] }, weights_sha256: undefined },
    caseIds: new Set<string>(),
  });
  expect(isAskedAlike(askedFrom('/home/a/my.ts'), askedFrom('/srv/b/my.js'))).toBe(true);
  expect(isAskedAlike(askedFrom('/home/a/my.ts'), askedFrom('/home/a/other.ts'))).toBe(false);
});

test.each([
  ['a path with nothing there', () => './none.ts', /^--suite: must be there, got none at \/.*none\.ts$/],
  ['a folder without suites', () => folder, /^--suite: must hold suites, <name>\.ts or \.js, got none in /],
  [
    "a suite that is called as one of tare's",
    () => write('smoke.ts'),
    /got smoke in tare and in \S+; rename the file$/,
  ],
  ['what does not load', () => write('bad.ts', 'export default {'), /bad\.ts: must be a module that loads, got /],
  [
    'no suite',
    () => write('no.ts', 'export default 1;'),
    /no\.ts: must export what defineSuite returns: must be object/,
  ],
  [
    'a preset that there is not',
    () => write('p.ts', GUIDE.replace("'smoke',", "'fast',")),
    /returns: blocks\.0\.presets\.0 must be one of "smoke"\|"quick"\|"nightly"; see docs\/suites\.md$/,
  ],
  ['a shape that is none', () => write('s.ts', GUIDE.replace('N: 512', 'N: 0')), /returns: blocks\.0\.problems\.0\.N /],
  [
    'a technique that there is not',
    () => write('t.ts', GUIDE.replace("'q4-k'", "'q4-kk'")),
    /^suite t: techniques: must be one of tare's, got q4-kk; nearest: q4-k/,
  ],
])('%s is named before anything runs', async (_, path, message) => {
  const asked = casesOf(path());
  await expect(asked).rejects.toThrow(InputError);
  await expect(asked).rejects.toThrow(message);
});
