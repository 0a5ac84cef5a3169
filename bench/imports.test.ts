import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const PROJECT = dirname(import.meta.dirname);

/** What the modules of a folder may import beside their own folder's, tests and fixtures aside. A star stands for all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  statistics: [],
  contract: ['statistics'],
  inputs: ['contract', 'statistics'],
  backends: ['contract', 'statistics'],
  measure: ['contract', 'statistics', 'inputs', 'backends'],
  models: ['contract', 'statistics', 'inputs', 'backends', 'measure', 'kernels'],
  'models/training': ['contract', 'statistics', 'inputs', 'backends', 'cases', 'commands', 'models', 'kernels'],
  cases: ['contract', 'statistics', 'inputs', 'backends'],
  results: ['contract', 'statistics'],
  run: ['contract', 'statistics', 'inputs', 'backends', 'measure', 'models', 'cases', 'results'],
  judge: ['contract', 'statistics', 'results'],
  'judge/ab': ['contract', 'statistics', 'inputs', 'backends', 'measure', 'cases', 'results', 'run', 'judge'],
  report: ['contract', 'statistics', 'results', 'judge', 'judge/ab'],
  api: ['contract', 'statistics', 'backends', 'cases', 'results', 'run', 'judge'],
  serve: ['*'],
  fleet: ['contract', 'statistics', 'backends', 'cases', 'results', 'run'],
  'fleet/trial': ['*'],
  nightly: ['contract', 'statistics', 'results', 'cases', 'run', 'judge', 'report'],
  'judge/gate': ['*'],
  commands: ['*'],
  bench: ['*'],
  kernels: ['contract'],
  suites: ['contract', 'inputs'],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const modules = ['bench', 'kernels', 'suites'].flatMap(modulesBelow);
const imports = modules.flatMap(importsOf);

function modulesBelow(folder: string): string[] {
  const files = readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => /(?<!\.as)\.ts$/.test(file)).map((file) => join(folder, file));
}

/** Those of types too. */
function importsOf(from: string): Import[] {
  const text = readFileSync(join(PROJECT, from), 'utf8');
  const found = [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s+'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'/gm)];
  return found.map(([, imported, loaded]) => ({ from, to: join(dirname(from), imported ?? loaded) }));
}

/** `bench/judge/ab/verdict.ts` is of judge/ab, `bench/judge/track.ts` of judge, `bench/main.ts` of bench. */
function folderOf(module: string): string {
  const [top, ...path] = dirname(module).split('/');
  if (top !== 'bench') return top;
  const inner = path.slice(0, 2).join('/');
  return inner in MAY_IMPORT ? inner : (path[0] ?? 'bench');
}

/** kernels/contract*.ts hold every kernel to its contract, which takes the harness. */
function isTest(module: string): boolean {
  return /\.test\.ts$|\.fixture\.ts$|^bench\/fixtures\/|^kernels\/contract/.test(module);
}

test('the rules speak of every folder', () => {
  expect(new Set(modules.filter((module) => !isTest(module)).map(folderOf))).toEqual(new Set(Object.keys(MAY_IMPORT)));
});

test('folders import only what their place in the line allows', () => {
  const wrong = imports.filter(({ from, to }) => {
    const [folder, other] = [folderOf(from), folderOf(to)];
    const allowed = MAY_IMPORT[folder];
    return !isTest(from) && folder !== other && !allowed.includes('*') && !allowed.includes(other);
  });
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test('every import leads to a module', () => {
  const missing = imports.filter(({ to }) => to.endsWith('.ts') && !modules.includes(to));
  expect(missing.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test('no module imports itself by way of others', () => {
  expect(circles()).toEqual([]);
});

/** The modules on each circle of imports, as paths that end where they begin. */
function circles(): string[] {
  const targets = Map.groupBy(imports, ({ from }) => from);
  const finished = new Set<string>();
  const found: string[] = [];
  const visit = (module: string, path: readonly string[]) => {
    if (path.includes(module)) found.push([...path.slice(path.indexOf(module)), module].join(' → '));
    if (path.includes(module) || finished.has(module)) return;
    for (const { to } of targets.get(module) ?? []) visit(to, [...path, module]);
    finished.add(module);
  };
  for (const module of modules) visit(module, []);
  return found;
}
