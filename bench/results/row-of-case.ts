// Joins what is known of a case, its result and the machine into one row.
import { backendOf } from '../backends/backend.ts';
import type { BackendStatus } from '../contract/backend.ts';
import type { Case } from '../contract/case.ts';
import type { CaseResult } from '../contract/case-result.ts';
import type { Machine } from '../contract/machine.ts';
import { operationOf } from '../contract/operations.ts';
import type { Problem } from '../contract/problem.ts';
import type { Roofline } from '../contract/roofline.ts';
import type { Params, Technique } from '../contract/technique.ts';
import { attainable, levelOf } from '../measure/roofline/roofline.ts';
import { hashEnvironment } from '../run/environment.ts';
import { type ResultRow, SCHEMA_VERSION } from './result-row.ts';

export interface RunFacts {
  readonly runId: string;
  readonly git: { readonly commit: string; readonly dirty: boolean } | undefined;
  readonly machine: Machine;
  /** Missing where it wasn't measured. */
  readonly roofline: Roofline | undefined;
  /** Threads asked for. */
  readonly threads: number;
  /** i/n where the run is one of n shards. */
  readonly shard: string | undefined;
}

export function rowOfCase(
  entry: Case,
  technique: Technique,
  status: BackendStatus,
  startedAt: string,
  result: CaseResult,
  run: RunFacts,
): ResultRow {
  const { problem } = entry;
  const { device, threads } = backendOf(entry.backend);
  const adapter = status.available ? status : { adapterType: undefined, adapter: '', driver: '', version: undefined };
  return {
    schema_version: SCHEMA_VERSION,
    run_id: run.runId,
    started_at: startedAt,
    git_commit: run.git?.commit,
    git_dirty: run.git?.dirty,
    shard: run.shard,
    case_id: entry.id,
    suite: entry.suite,
    op: problem.op,
    technique: entry.technique,
    params: spellParams(entry.params),
    backend: entry.backend,
    threads: threads(run.threads),
    device,
    variant: result.variant,
    adapter_type: adapter.adapterType,
    weights: problem.weights,
    seed: problem.seed,
    input_hash: result.inputHash,
    ...shapeOf(problem),
    ...technique.columns?.(entry.params),
    status: result.status,
    reason: result.reason?.replace(/\s+/g, ' ').trim(),
    baseline_case_id: entry.baselineId,
    dense_bytes: operationOf(problem.op).denseBytes(problem),
    ...speedOf(result),
    ...ratesOf(problem, result),
    ...rooflineOf(entry, technique, result, run),
    ...memoryOf(problem, result),
    kernel_nmse: result.kernelNmse,
    ...result.drift,
    drift_budget_db: result.driftBudgetDb,
    drift_ok: result.driftOk,
    env_hash: hashEnvironment(run.machine, adapter),
    ...run.machine,
    gpu_adapter: adapter.adapter || undefined,
    gpu_driver: adapter.driver || undefined,
    runtime_version: adapter.version,
    load_before: result.loadBefore,
    load_after: result.loadAfter,
    canary_ns: result.canaryNs,
    timer_resolution_ns: result.timerResolutionNs,
  };
}

function spellParams(params: Params): string | undefined {
  const spelled = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return spelled.length > 0 ? spelled.join(';') : undefined;
}

function shapeOf(problem: Problem): ResultRow {
  switch (problem.op) {
    case 'matmul':
      return { M: problem.M, N: problem.N, K: problem.K };
    case 'attention': {
      const { M, seqLen, headDim, heads, causal } = problem;
      return { M, seq_len: seqLen, head_dim: headDim, heads, batch: 1, causal };
    }
    default:
      return problem satisfies never;
  }
}

function speedOf({ summary, samples, ratio, deviceTime, transfers }: CaseResult): ResultRow {
  return {
    rounds: summary?.rounds,
    samples: summary?.samples,
    dropped_samples: samples?.candidate.dropped,
    median_ns: tenths(summary?.medianNs),
    p20_ns: tenths(summary?.p20Ns),
    p95_ns: tenths(summary?.p95Ns),
    min_ns: tenths(summary?.minNs),
    ci95_low_ns: tenths(summary?.ci95?.low),
    ci95_high_ns: tenths(summary?.ci95?.high),
    device_ns: tenths(deviceTime?.ns),
    device_timer_quantum_ns: deviceTime?.quantumNs,
    device_speedup: deviceTime?.speedup,
    upload_ns: tenths(transfers?.uploadNs),
    readback_ns: tenths(transfers?.readbackNs),
    speedup: ratio?.speedup,
    speedup_ci95_low: ratio?.ci95?.low,
    speedup_ci95_high: ratio?.ci95?.high,
  };
}

function ratesOf(problem: Problem, { summary, flops, storedBytes }: CaseResult): ResultRow {
  if (summary === undefined || flops === undefined || storedBytes === undefined) return {};
  const operation = operationOf(problem.op);
  const moved = totalBytes(storedBytes) + operation.activationBytes(problem);
  return {
    dense_gflops: operation.denseFlops(problem) / summary.p20Ns,
    actual_gflops: flops / summary.p20Ns,
    gbytes_per_s: moved / summary.p20Ns,
    tokens_per_s: (problem.M * 1e9) / summary.p20Ns,
  };
}

/** Only CPU backends are held against the roofline, which is measured there. */
function rooflineOf(
  { backend: id, problem, params }: Case,
  technique: Technique,
  { summary, flops, storedBytes }: CaseResult,
  { roofline, threads }: RunFacts,
): ResultRow {
  const backend = backendOf(id);
  if (roofline === undefined || backend.device !== 'cpu' || storedBytes === undefined) return {};
  if (summary === undefined || flops === undefined) return {};
  const movedBytes = totalBytes(storedBytes) + operationOf(problem.op).activationBytes(problem);
  const roof = attainable(
    {
      operations: flops,
      arithmetic: technique.arithmetic?.(params) ?? 'f32',
      movedBytes,
      width: backend.vectorBits ?? 128,
      threads: backend.threads(threads),
    },
    roofline,
  );
  return {
    roofline_pct: roof === undefined || backend.isNative ? undefined : ((flops / summary.p20Ns) * 100) / roof,
    cache: levelOf(movedBytes, roofline) === 'DRAM' ? 'streamed' : 'resident',
  };
}

function memoryOf(problem: Problem, { storedBytes, workspaceBytes, deviceBytes, peakRssBytes }: CaseResult): ResultRow {
  if (storedBytes === undefined) return {};
  const stored = totalBytes(storedBytes);
  return {
    stored_bytes: stored,
    value_bytes: storedBytes.values,
    index_bytes: storedBytes.indices,
    scale_bytes: storedBytes.scales,
    compression_ratio: stored > 0 ? operationOf(problem.op).denseBytes(problem) / stored : undefined,
    workspace_bytes: workspaceBytes,
    device_bytes: deviceBytes,
    peak_rss_bytes: peakRssBytes,
  };
}

function totalBytes({ values, indices, scales }: { values: number; indices: number; scales: number }): number {
  return values + indices + scales;
}

/** Tenths of a nanosecond: more digits than any clock here gives. */
function tenths(ns: number | undefined): number | undefined {
  return ns === undefined ? undefined : Math.round(ns * 10) / 10;
}
