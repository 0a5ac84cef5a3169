import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { rowOf, samplesOf, writeRun } from '../fixtures/run-files.ts';
import { assertBaselineName, findBaseline, saveBaseline } from './named-baselines.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'tare-baselines-'));
});

test('a saved run is a copy of all its files', () => {
  const csv = writeRun(out, 'r1', [rowOf('int8')], { samples: [samplesOf('int8', 2)], manifest: {} });
  expect(saveBaseline(csv, out, 'main')).toBe(join(out, 'baselines', 'main.csv'));
  expect(readdirSync(join(out, 'baselines')).sort()).toEqual(['main.csv', 'main.run.json', 'main.samples.jsonl']);
  expect(readFileSync(findBaseline(out, 'main'))).toEqual(readFileSync(csv));
});

test('saving again leaves nothing of the run before', () => {
  saveBaseline(writeRun(out, 'r1', [rowOf('int8')], { samples: [samplesOf('int8', 2)] }), out, 'main');
  const bare = writeRun(out, 'r2', [rowOf('int4')]);
  saveBaseline(bare, out, 'main');
  expect(readdirSync(join(out, 'baselines'))).toEqual(['main.csv']);
  expect(readFileSync(findBaseline(out, 'main'))).toEqual(readFileSync(bare));
});

test('one that was never saved is answered with those that were', () => {
  expect(() => findBaseline(out, 'main')).toThrow(/got main; --save-baseline main saves one$/);
  const csv = writeRun(out, 'r1', [rowOf('int8')]);
  for (const name of ['v2', 'main']) saveBaseline(csv, out, name);
  expect(() => findBaseline(out, 'mian')).toThrow(/got mian; there are main, v2$/);
});

test('where nothing can be written the message says where the run itself is', () => {
  const csv = writeRun(out, 'r1', [rowOf('int8')]);
  writeFileSync(join(out, 'baselines'), '');
  expect(() => saveBaseline(csv, out, 'main')).toThrow(
    /^--save-baseline: must be able to write .*main\.csv, got EEXIST; the run itself is at .*r1\.csv$/,
  );
});

test.each(['../main', '.hidden', 'a/b', '', 'a b', 'x'.repeat(101)])('%j is no name', (name) => {
  expect(() => assertBaselineName('baseline', name)).toThrow(/^--baseline: must be a name of letters/);
});
