import { describe, expect, test } from 'vitest';
import type { ResultRow } from '../results/columns.ts';
import { bestRows, paretoRows } from './pareto-rows.ts';

function row(technique: string, figures: ResultRow = {}): ResultRow {
  return {
    op: 'matmul',
    technique,
    backend: 'ts',
    case_id: `s:${technique}:${figures.backend ?? 'ts'}`,
    baseline_case_id: `s:dense:${figures.backend ?? 'ts'}`,
    status: 'ok',
    p20_ns: 1000,
    speedup: 2,
    stored_bytes: 25,
    workspace_bytes: 0,
    sqnr_db: 40,
    drift_ok: true,
    ...figures,
  };
}

const dense = row('dense', { speedup: 1, stored_bytes: 100, sqnr_db: 140 });

describe('the Pareto mark', () => {
  const marked = (rows: readonly ResultRow[], minSqnrDb = 20) =>
    [...paretoRows(rows, minSqnrDb)].map(({ technique }) => technique);

  test('is for what no other row beats in time, bytes with scratch and SQNR', () => {
    const smaller = row('int4', { speedup: 1, stored_bytes: 13, sqnr_db: 22 });
    const beaten = row('int4-slow', { speedup: 0.9, stored_bytes: 13, sqnr_db: 22 });
    const withScratch = row('int8-scratch', { workspace_bytes: 1 });
    expect(marked([dense, row('int8'), smaller, beaten, withScratch])).toEqual(['int8', 'int4']);
  });

  test('leaves out the baseline, which beats what is worse than it all the same', () => {
    expect(marked([dense])).toEqual([]);
    expect(marked([dense, row('bloated', { speedup: 0.5, stored_bytes: 200, sqnr_db: 140 })])).toEqual([]);
    // Measured against itself the baseline happens to come out slow; it counts as 1 all the same.
    const slower = row('slower', { speedup: 0.9, stored_bytes: 100, sqnr_db: 140 });
    expect(marked([{ ...dense, speedup: 0.8 }, slower])).toEqual([]);
  });

  test.each([
    ['is noisy', { status: 'noisy' }],
    ['keeps too little of the output', { sqnr_db: 19.9 }],
    ['is over its drift budget', { drift_ok: false }],
    ['was not measured', { p20_ns: undefined }],
  ])('leaves out what %s, and lets it beat nothing', (_, fault) => {
    expect(marked([dense, row('fast', { speedup: 9, stored_bytes: 1, ...fault }), row('int8')])).toEqual(['int8']);
  });

  test('is given by the least SQNR that is asked for', () => {
    const pruned = row('csr', { speedup: 5, stored_bytes: 15, sqnr_db: 5 });
    expect(marked([dense, row('int8'), pruned], 0)).toEqual(['int8', 'csr']);
    expect(marked([dense, row('int8'), pruned], 50)).toEqual([]);
  });

  test('is given to whole models by their predictions, up to a tenth more perplexity', () => {
    const model = (technique: string, kld_mean: number | undefined, ppl_ratio: number | undefined) =>
      row(technique, { op: 'model', sqnr_db: 5, kld_mean, ppl_ratio });
    const uncompressed = { ...model('dense', 0, 1), speedup: 1, stored_bytes: 100 };
    const broken = { ...model('int2', 1, 2), speedup: 9, stored_bytes: 1 };
    expect(marked([uncompressed, model('int8', 0.001, 1.001), model('int4', 0.02, 1.02), broken])).toEqual(['int8']);
    // Of a stack that stands on itself nothing is scored.
    expect(marked([uncompressed, model('q8-0', undefined, undefined)])).toEqual(['q8-0']);
  });

  test('compares within a backend only', () => {
    const elsewhere = row('int8', { backend: 'wasm', speedup: 0.1 });
    expect(marked([dense, row('int8'), elsewhere])).toEqual(['int8', 'int8']);
  });
});

test('the best rows are each technique on its fastest backend, of what is steady and exact enough', () => {
  const rows = [
    dense,
    row('dense', { backend: 'wasm', p20_ns: 500, sqnr_db: 140 }),
    row('int8', { p20_ns: 300 }),
    row('int8', { backend: 'wasm', p20_ns: 100, status: 'noisy' }),
    row('csr', { p20_ns: 50, sqnr_db: 5 }),
  ];
  expect(bestRows(rows, 20).map(({ technique, backend }) => `${technique} ${backend}`)).toEqual([
    'dense wasm',
    'int8 ts',
  ]);
});
