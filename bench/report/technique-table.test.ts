import { expect, test } from 'vitest';
import { type ListedTechnique, techniqueTable } from './technique-table.ts';

const method = ['rtn', 'hqq', 'gptq'];
const int4: ListedTechnique = {
  id: 'int4',
  op: 'matmul',
  family: 'quantized',
  axes: { groupSize: [32, 64, 128] },
  choices: { zero: ['none', 'f16'], method },
  bits_per_weight: { min: 4.125, max: 4.5 },
  kernels: ['ts', 'wasm', 'gpujs', 'wgsl', 'ort'],
};
const nf4 = { ...int4, id: 'nf4', axes: {}, choices: { method }, bits_per_weight: { min: 4.5, max: 4.5 } };
const csr: ListedTechnique = {
  id: 'csr',
  op: 'matmul',
  family: 'sparse',
  axes: { sparsity: [0.3, 0.5, 0.7, 0.8, 0.9, 0.95] },
  choices: {},
  kernels: ['ts', 'wasm'],
};
const techniques = [csr, int4, nf4];

test('techniques stand below their family, choices that several have are said once', () => {
  expect(techniqueTable(techniques, 100)).toEqual([
    'technique          bits a weight  axes                                    kernels',
    'matmul, sparse',
    '  csr                          –  sparsity 0.3, 0.5, 0.7, 0.8, 0.9, 0.95  ts wasm',
    'matmul, quantized',
    '  int4                 4.13–4.50  groupSize 32, 64, 128                   ts wasm gpujs wgsl',
    '                                                                          ort',
    '  nf4                       4.50                                          ts wasm gpujs wgsl',
    '                                                                          ort',
    '',
    'Choices, for --axis: without it each has its first value, which stands in no case id.',
    'int4:',
    '  zero none, f16',
    'int4, nf4:',
    '  method rtn, hqq, gptq',
  ]);
});

test('axes go on in a second line where they find no room', () => {
  const lines = techniqueTable(techniques, 80);
  expect(lines).toContain('  csr                          –  sparsity 0.3, 0.5, 0.7,  ts wasm');
  expect(lines).toContain('                                    0.8, 0.9, 0.95');
});

test.each([40, 60, 80, 100, 200])('nothing is wider than %d columns, and nothing is left out', (width) => {
  const lines = techniqueTable(techniques, width);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(width);
  const words = lines.join(' ').split(/[ ,;:]+/);
  for (const word of ['int4', '4.13–4.50', 'groupSize', '128', 'ort', 'f16', 'gptq', '0.95'])
    expect(words).toContain(word);
});

test('where nothing can be chosen, nothing is said of choices', () => {
  expect(techniqueTable([csr], 100)).toHaveLength(3);
});
