import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../cases/registry.ts';
import { commitLine, scriptLine, setupLine, tareLine } from './typed-lines.ts';

test('a checkout’s commands go through npm, from any folder; the package’s through npx', () => {
  expect(tareLine('list', false, PROJECT)).toBe('npm run tare -- list');
  expect(tareLine('list', false, '/elsewhere')).toBe(`npm --prefix ${PROJECT} run tare -- list`);
  expect(tareLine('list', true)).toBe('npx tare list');
});

test('what is missing comes with the lockfile, by a script, or by tare setup', () => {
  expect([setupLine('gpu', false), setupLine('query', false)]).toEqual(['npm ci', 'npm run duckdb:install']);
  expect(setupLine('query', true)).toBe('npx tare setup query');
  expect(scriptLine('peers:install', true)).toBe('npm run peers:install in a checkout of tare');
});

test('a row is measured again at its commit where that can be checked out', () => {
  expect(commitLine('c1', 'run', false)).toBe('git checkout c1 && npm ci && npm run tare -- run');
  expect(commitLine('c1', 'run', true)).toBe('npx tare run');
});

/** Programs that stand in a checkout alone, and speak of it. */
const OF_CHECKOUTS =
  /^bench\/(build-\w+|canary-histogram|models\/(training|supersense|mnist-mlp)\/.*|judge\/(ab|gate)\/.*)\.ts$/;

test('nobody else spells lines that a person types, which are others in the package', () => {
  const files = readdirSync(join(PROJECT, 'bench'), { recursive: true, encoding: 'utf8' }).map(
    (file) => `bench/${file}`,
  );
  const spelling = files.filter((file) => {
    if (!/(?<!\.test|\.fixture)\.ts$/.test(file) || /bench\/contract\/(typed-lines|optional-parts)\.ts/.test(file))
      return false;
    if (OF_CHECKOUTS.test(file)) return false;
    const code = readFileSync(join(PROJECT, file), 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '');
    return /\bnpm (run|ci|install|test)\b|\bnpx tare\b/.test(code);
  });
  expect(spelling).toEqual([]);
});
