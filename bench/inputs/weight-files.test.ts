import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { makeInputs } from './make-inputs.ts';
import { openModel } from './model-files/open-model.ts';
import { writeF16Safetensors } from './safetensors-write.ts';
import { openWeightFile } from './weight-file-problems.ts';
import { weightPaths } from './weight-files.ts';

const problem = { op: 'matmul', M: 4, N: 1, K: 1, weights: 'synthetic', seed: 0 } as const;
const SMALL = join(import.meta.dirname, 'model-files', 'small-llama.gguf');

function folderOf(files: Readonly<Record<string, readonly string[]>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tare-weights-'));
  for (const [file, names] of Object.entries(files)) {
    const tensors = names.map((name, i) => [name, { shape: [2, 2], values: Float32Array.of(i, 1, 2, 3) }] as const);
    writeF16Safetensors(join(folder, file), Object.fromEntries(tensors));
  }
  return folder;
}

function writeIndex(folder: string, weight_map: Readonly<Record<string, string>>): string {
  const index = join(folder, 'model.safetensors.index.json');
  writeFileSync(index, JSON.stringify({ weight_map }));
  return index;
}

const namesOf = (path: string) =>
  openWeightFile(path)
    .problems(problem)
    .map(({ weights }) => weights);

test('a folder of one file is that file by the name of the folder', () => {
  const folder = folderOf({ 'model.safetensors': ['a', 'b'] });
  expect(namesOf(folder)).toEqual([`${basename(folder)}/a`, `${basename(folder)}/b`]);
  expect(weightPaths(folder)).toEqual([join(folder, 'model.safetensors')]);
});

test('an index is all the files it names, and so is the folder it lies in', () => {
  const folder = folderOf({ 'part-1.safetensors': ['a', 'b'], 'part-2.safetensors': ['c'], 'old.safetensors': ['d'] });
  const index = writeIndex(folder, { a: 'part-1.safetensors', b: 'part-1.safetensors', c: 'part-2.safetensors' });
  expect(namesOf(index)).toEqual(['model/a', 'model/b', 'model/c']);
  expect(namesOf(folder)).toEqual(['a', 'b', 'c'].map((name) => `${basename(folder)}/${name}`));
  expect(weightPaths(index)).toEqual(['part-1', 'part-2'].map((part) => join(folder, `${part}.safetensors`)));
});

test('matrices of a GGUF file are read out of their blocks', () => {
  const problems = openWeightFile(SMALL).problems(problem);
  expect(problems.map(({ weights }) => weights)).toContain('small-llama/blk.0.ffn_gate.weight');
  const gate = problems.find(({ weights }) => weights === 'small-llama/blk.0.ffn_gate.weight')!;
  expect(gate).toMatchObject({ N: 96, K: 64, M: 4, file: { values: { dtype: 'Q4_0' } } });
  expect(makeInputs(gate).weights).toEqual({ W: openModel(SMALL).tensor('model.layers.0.mlp.gate_proj.weight') });
  expect(openWeightFile(SMALL).notes[0]).toMatch(
    /^small-llama\.gguf: 3 of 12 tensors are left out.*3 with one axis \(output_norm\.weight \[64\], /,
  );
});

test.each([
  ['nothing of weights', () => folderOf({}), /--weights: must hold a \.safetensors or \.gguf file, got none in /],
  [
    'several files and no index',
    () => folderOf({ 'a.safetensors': ['a'], 'b.safetensors': ['b'] }),
    /--weights: must be one file or have an index, got a folder; give one of .*a\.safetensors, .*b\.safetensors$/,
  ],
  ['no file', () => '/nonexistent.safetensors', /^\/nonexistent\.safetensors: must be a readable file, got ENOENT$/],
])('%s is refused', (_, make, message) => {
  const path = make();
  expect(() => openWeightFile(path)).toThrow(message);
});
