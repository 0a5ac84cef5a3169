import { expect, test } from 'vitest';
import type { Technique } from '../contract/technique.ts';
import { type ResultRow, rowOf } from './columns.ts';
import { formatHeader, formatRow, parseRows } from './csv.ts';
import type { Facts } from './facts.ts';

const technique: Technique = {
  op: 'matmul',
  family: 'quantized',
  summary: '',
  source: '',
  axes: { groupSize: [32] },
  pack: () => undefined,
  unpack: () => ({ W: new Float32Array() }),
  bytes: () => ({ values: 0, indices: 0, scales: 0 }),
  flops: () => 0,
  minSqnrDb: () => 20,
  columns: () => ({ bits: 4, group_size: 32 }),
  kernels: {},
};

/** A product of 10 rows by 40 × 100 weights, 80 000 operations, in 2 µs at the 20th percentile. */
const facts: Facts = {
  run: {
    runId: 'r1',
    techniqueHashes: new Map([['int4', 'h1']]),
    git: { commit: 'abc', dirty: false },
    machine: { cpu_model: 'C', cpu_count: 2, os: 'linux', node_version: '24', v8_version: '13' },
    shard: '1/2',
    idleW: 11.5,
  },
  entry: {
    id: 's:int4:wasm:M=10,N=40,K=100',
    suite: 's',
    technique: 'int4',
    params: { groupSize: 32, activations: 'f32' },
    backend: 'wasm',
    problem: { op: 'matmul', M: 10, N: 40, K: 100, weights: 'synthetic', seed: 7 },
    baselineId: 's:dense:wasm:M=10,N=40,K=100',
  },
  technique,
  threads: 1,
  device: 'cpu',
  adapter: { available: true, adapterType: 'none', adapter: '', driver: '', env: {} },
  envHash: 'e1',
  startedAt: '2031-01-01T00:00:00.000Z',
  result: {
    status: 'ok',
    reason: 'two\n  lines ',
    inputHash: 'i1',
    summary: {
      rounds: 15,
      samples: 300,
      medianNs: 2100.04,
      p20Ns: 2000,
      p95Ns: 2500.06,
      minNs: 1900,
      ci95: { low: 1990, high: 2010 },
    },
    samples: { candidate: { rounds: [], dropped: 3 }, baseline: { rounds: [], dropped: 1 } },
    ratio: { speedup: 1.5, ci95: { low: 1.4, high: 1.6 } },
    transfers: { uploadNs: 11, readbackNs: 22 },
    energyJ: 0.000125,
    deviceTime: { ns: 1500, speedup: 1.25, quantumNs: 64 },
    storedBytes: { values: 2000, indices: 100, scales: 400 },
    workspaceBytes: 64,
    deviceBytes: 4096,
    peakRssBytes: 1000,
    flops: 40_000,
    kernelNmse: 1e-13,
    drift: { sqnr_db: 21, rel_fro_err: 0.1, max_abs_err: 0.5, p99_abs_err: 0.4, cosine: 0.99, nonfinite: 0 },
    driftBudgetDb: 20,
    driftOk: true,
    loadBefore: 0.5,
    loadAfter: 0.75,
    canaryNs: 380_000,
    core: { state: 'mixed', freeRounds: 4, canaryCycles: [1200], bestCycles: 1100 },
    timerResolutionNs: 1,
  },
  movedBytes: 8000,
  roof: { gflops: 40 },
  cache: 'resident',
};

/** 10 · 40 · 100 products, multiply and add counted apart: 80 000 operations in 2000 ns are 40 GFLOP/s. */
const figures: ResultRow = {
  dense_gflops: 40,
  actual_gflops: 20,
  gbytes_per_s: 4,
  roofline_pct: 50,
  tokens_per_s: 5_000_000,
  dense_bytes: 16_000,
  stored_bytes: 2500,
  value_bytes: 2000,
  index_bytes: 100,
  scale_bytes: 400,
  compression_ratio: 6.4,
  upload_ns: 11,
  readback_ns: 22,
  energy_j: 0.000125,
  idle_w: 11.5,
  median_ns: 2100,
  p20_ns: 2000,
  p95_ns: 2500.1,
  min_ns: 1900,
  ci95_low_ns: 1990,
  ci95_high_ns: 2010,
  dropped_samples: 3,
  speedup: 1.5,
  speedup_ci95_low: 1.4,
  speedup_ci95_high: 1.6,
  device_ns: 1500,
  device_speedup: 1.25,
  core_state: 'mixed',
  free_rounds: 4,
  load_before: 0.5,
  load_after: 0.75,
};

test('rates, bytes and times are those worked out by hand', () => {
  expect(rowOf(facts)).toMatchObject(figures);
});

test('a row says what the case was', () => {
  expect(rowOf(facts)).toMatchObject({
    schema_version: 1,
    case_id: 's:int4:wasm:M=10,N=40,K=100',
    baseline_case_id: 's:dense:wasm:M=10,N=40,K=100',
    params: 'groupSize=32;activations=f32',
    M: 10,
    N: 40,
    K: 100,
    seed: 7,
    bits: 4,
    group_size: 32,
    reason: 'two lines',
    shard: '1/2',
    git_dirty: false,
    adapter_type: 'none',
    technique_hash: 'h1',
  });
});

const full: Facts = {
  ...facts,
  adapter: { available: true, adapterType: 'software', adapter: 'A', driver: 'D', version: 'V 1', env: {} },
  technique: { ...technique, columns: () => ({ bits: 4, group_size: 32, sparsity: 0.75 }) },
  result: {
    ...facts.result,
    caveat: 'c',
    variant: 'v',
    processes: 5,
    speedupSdBetween: 0.02,
    tookS: 1.23456,
    storedBytes: { values: 1990, indices: 100, scales: 400, corrections: 10 },
    calibrationRows: 2747,
    folded: 'f',
  },
};

test('every column holds the fact it is named after, and no other', () => {
  expect(rowOf(full)).toEqual({
    ...figures,
    schema_version: 1,
    run_id: 'r1',
    started_at: '2031-01-01T00:00:00.000Z',
    git_commit: 'abc',
    git_dirty: false,
    shard: '1/2',
    case_id: 's:int4:wasm:M=10,N=40,K=100',
    baseline_case_id: 's:dense:wasm:M=10,N=40,K=100',
    suite: 's',
    op: 'matmul',
    technique: 'int4',
    technique_hash: 'h1',
    params: 'groupSize=32;activations=f32',
    backend: 'wasm',
    threads: 1,
    device: 'cpu',
    adapter_type: 'software',
    weights: 'synthetic',
    seed: 7,
    input_hash: 'i1',
    M: 10,
    N: 40,
    K: 100,
    bits: 4,
    group_size: 32,
    sparsity: 0.75,
    status: 'ok',
    reason: 'two lines',
    rounds: 15,
    samples: 300,
    workspace_bytes: 64,
    device_bytes: 4096,
    peak_rss_bytes: 1000,
    kernel_nmse: 1e-13,
    sqnr_db: 21,
    rel_fro_err: 0.1,
    max_abs_err: 0.5,
    p99_abs_err: 0.4,
    cosine: 0.99,
    nonfinite: 0,
    drift_budget_db: 20,
    drift_ok: true,
    env_hash: 'e1',
    cpu_model: 'C',
    cpu_count: 2,
    os: 'linux',
    node_version: '24',
    v8_version: '13',
    gpu_adapter: 'A',
    gpu_driver: 'D',
    canary_ns: 380_000,
    timer_resolution_ns: 1,
    cache: 'resident',
    variant: 'v',
    runtime_version: 'V 1',
    device_timer_quantum_ns: 64,
    caveat: 'c',
    processes: 5,
    speedup_sd_between: 0.02,
    took_s: 1.235,
    value_bytes: 1990,
    correction_bytes: 10,
    calibration_rows: 2747,
    folded: 'f',
  });
});

test('what a technique says of itself must be what its column holds', () => {
  const odd: Technique = { ...technique, columns: () => JSON.parse('{"bits":"four"}') };
  expect(() => rowOf({ ...facts, technique: odd })).toThrow('bits: must be a number, got string');
});

test('a median between two whole figures is written as a whole one, which readers of the column ask for', () => {
  const row = rowOf({ ...facts, result: { ...facts.result, canaryNs: 324_937.5, peakRssBytes: 1000.4 } });
  expect(row).toMatchObject({ canary_ns: 324_938, peak_rss_bytes: 1000 });
  expect(parseRows(formatHeader() + formatRow(row), 'run.csv')[0]).toMatchObject({ canary_ns: 324_938 });
});

test('names that come from elsewhere work on no terminal', () => {
  const machine = { ...facts.run.machine, cpu_model: 'C\x1b[2J' };
  expect(rowOf({ ...facts, run: { ...facts.run, machine } }).cpu_model).toBe('C\\u{1b}[2J');
});

test('weights that take no bytes have no compression ratio, and a machine without a roofline no share of it', () => {
  const result = { ...facts.result, storedBytes: undefined };
  const row = rowOf({ ...facts, roof: undefined, movedBytes: undefined, result });
  const absent = [row.compression_ratio, row.stored_bytes, row.gbytes_per_s, row.roofline_pct];
  expect(absent).toEqual(absent.map(() => undefined));
  expect(row.actual_gflops).toBe(20);
  const none = rowOf({ ...facts, result: { ...facts.result, storedBytes: { values: 0, indices: 0, scales: 0 } } });
  expect([none.compression_ratio, none.stored_bytes]).toEqual([undefined, 0]);
});

test('a case that did not run has no figure but its bytes uncompressed', () => {
  const row = rowOf({
    ...facts,
    adapter: undefined,
    result: { status: 'skipped', reason: 'no GPU' },
    movedBytes: undefined,
    roof: undefined,
    cache: undefined,
  });
  const figuresLeft = Object.keys(figures).filter((name) => row[name as keyof ResultRow] !== undefined);
  expect(figuresLeft).toEqual(['dense_bytes']);
  expect(row).toMatchObject({ status: 'skipped', reason: 'no GPU' });
});

test('attention has its own shape', () => {
  const problem = {
    op: 'attention',
    M: 3,
    seqLen: 5,
    heads: 2,
    headDim: 8,
    causal: true,
    weights: 'synthetic',
    seed: 0,
  } as const;
  const row = rowOf({ ...facts, entry: { ...facts.entry, problem, params: {} } });
  expect(row).toMatchObject({ op: 'attention', M: 3, seq_len: 5, heads: 2, head_dim: 8, causal: true });
  expect([row.N, row.K, row.params]).toEqual([undefined, undefined, undefined]);
  // Q·Kᵀ and P·V: 2 · 2 · heads · headDim for each of the 3+4+5 pairs that a causal query sees.
  expect(row.dense_gflops).toBeCloseTo((4 * 2 * 8 * 12) / 2000, 12);
});

test('what a kernel or a driver says is shown in a row, not obeyed, and cut where nobody would read on', () => {
  const row = rowOf({
    ...facts,
    adapter: { available: true, adapterType: 'hardware', adapter: 'GPU\x1b[2J', driver: 'd\u202e1', env: {} },
    result: { ...facts.result, reason: `\x1b]0;title\x07${'long '.repeat(1_000_000)}`, variant: 'v\0' },
  });
  expect(row).toMatchObject({ gpu_adapter: 'GPU\\u{1b}[2J', gpu_driver: 'd\\u{202e}1', variant: 'v\\u{0}' });
  expect(row.reason).toMatch(/^\\u\{1b\}\]0;title\\u\{7\}long long .* … \(5000010 characters\)$/);
  expect(row.reason?.length).toBeLessThanOrEqual(400);
});
