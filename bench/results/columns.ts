// The one table of columns: it drives writing, parsing and results/README.md. A column says here what it means and where
// its value comes from. Columns are only ever appended, since files of different ages are read together.
import { operationOf } from '../contract/operations.ts';
import type { Params, StoredBytes } from '../contract/technique.ts';
import { visibleSentence, visibleText } from '../contract/visible-text.ts';
import type { Facts } from './facts.ts';

export type CellType = 'text' | 'integer' | 'number' | 'boolean';

interface CellTypes {
  text: string;
  integer: number;
  number: number;
  boolean: boolean;
}

interface ColumnOf<Type extends CellType> {
  readonly name: string;
  readonly group: string;
  readonly type: Type;
  readonly doc: string;
  /** What a case's row holds; an empty cell where undefined. */
  value(facts: Facts): CellTypes[Type] | undefined;
  /**
   * Which way the figure gets better. Only figures that are the same at every repetition say so: of these, any change
   * between two runs is an event.
   */
  readonly better?: 'more' | 'less';
}

export type Column = ColumnOf<'text'> | ColumnOf<'integer'> | ColumnOf<'number'> | ColumnOf<'boolean'>;

/** Raised when a column changes its meaning; new columns leave it alone. */
export const SCHEMA_VERSION = 1;

export const columns = [
  // identity
  {
    name: 'schema_version',
    group: 'identity',
    type: 'integer',
    doc: 'version of this table; raised when a column changes its meaning',
    value: () => SCHEMA_VERSION,
  },
  {
    name: 'run_id',
    group: 'identity',
    type: 'text',
    doc: 'the run; also the stem of its files',
    value: ({ run }) => run.runId,
  },
  {
    name: 'started_at',
    group: 'identity',
    type: 'text',
    doc: 'when the first pass of the case started, UTC, ISO 8601',
    value: ({ startedAt }) => startedAt,
  },
  {
    name: 'git_commit',
    group: 'identity',
    type: 'text',
    doc: "commit of tare's own checkout",
    value: ({ run }) => run.git?.commit,
  },
  {
    name: 'git_dirty',
    group: 'identity',
    type: 'boolean',
    doc: 'the checkout held uncommitted changes',
    value: ({ run }) => run.git?.dirty,
  },
  {
    name: 'shard',
    group: 'identity',
    type: 'text',
    doc: 'i/n where the run was one of n shards',
    value: ({ run }) => run.shard,
  },
  {
    name: 'case_id',
    group: 'identity',
    type: 'text',
    doc: 'suite:technique:backend:parameters; what runs are joined by',
    value: ({ entry }) => entry.id,
  },
  {
    name: 'suite',
    group: 'identity',
    type: 'text',
    doc: 'suite the case comes from',
    value: ({ entry }) => entry.suite,
  },
  {
    name: 'op',
    group: 'identity',
    type: 'text',
    doc: 'operation: matmul, mlp, moe, attention, model or classify',
    value: ({ entry }) => entry.problem.op,
  },
  {
    name: 'technique',
    group: 'identity',
    type: 'text',
    doc: 'folder in kernels/',
    value: ({ entry }) => entry.technique,
  },
  {
    name: 'params',
    group: 'identity',
    type: 'text',
    doc: "the technique's parameters, name=value;name=value in axis order",
    value: ({ entry }) => spellParams(entry.params),
  },
  {
    name: 'backend',
    group: 'identity',
    type: 'text',
    doc: 'where it ran',
    value: ({ entry }) => entry.backend,
  },
  {
    name: 'threads',
    group: 'identity',
    type: 'integer',
    doc: 'threads the kernel itself uses',
    value: ({ threads }) => threads,
  },
  { name: 'device', group: 'identity', type: 'text', doc: 'cpu or gpu', value: ({ device }) => device },
  {
    name: 'adapter_type',
    group: 'identity',
    type: 'text',
    doc: 'none on CPU backends, else hardware or software (a GPU emulated on the CPU)',
    value: ({ adapter }) => adapter?.adapterType,
  },
  {
    name: 'weights',
    group: 'identity',
    type: 'text',
    doc: 'where the weights (or Q, K and V) come from',
    value: ({ entry }) => entry.problem.weights,
  },
  {
    name: 'seed',
    group: 'identity',
    type: 'integer',
    doc: 'seed of synthetic inputs and of resampling',
    value: ({ entry }) => entry.problem.seed,
  },
  {
    name: 'input_hash',
    group: 'identity',
    type: 'text',
    doc: 'first 64 bits of the SHA-256 of all inputs, hex',
    value: ({ result }) => result.inputHash,
  },
  // shape
  {
    name: 'M',
    group: 'shape',
    type: 'integer',
    doc: 'matmul, mlp, moe: rows of X; attention: query rows; model: tokens of a call; classify: images, or tokens of glosses',
    value: ({ entry: { problem } }) => problem.M,
  },
  {
    name: 'N',
    group: 'shape',
    type: 'integer',
    doc: 'matmul: rows of W; mlp: values of an output row',
    value: ({ entry: { problem } }) => ('N' in problem ? problem.N : undefined),
  },
  {
    name: 'K',
    group: 'shape',
    type: 'integer',
    doc: 'matmul: columns of X and W; mlp: columns of X; moe: columns of X and of the output',
    value: ({ entry: { problem } }) => ('K' in problem ? problem.K : undefined),
  },
  {
    name: 'hidden',
    group: 'shape',
    type: 'integer',
    doc: 'mlp, moe: values between the two products, of one expert',
    value: ({ entry: { problem } }) => ('hidden' in problem ? problem.hidden : undefined),
  },
  {
    name: 'seq_len',
    group: 'shape',
    type: 'integer',
    doc: 'attention: keys',
    value: ({ entry: { problem } }) => (problem.op === 'attention' ? problem.seqLen : undefined),
  },
  {
    name: 'head_dim',
    group: 'shape',
    type: 'integer',
    doc: 'attention: values of one head',
    value: ({ entry: { problem } }) => (problem.op === 'attention' ? problem.headDim : undefined),
  },
  {
    name: 'heads',
    group: 'shape',
    type: 'integer',
    doc: 'attention: heads',
    value: ({ entry: { problem } }) => (problem.op === 'attention' ? problem.heads : undefined),
  },
  {
    name: 'causal',
    group: 'shape',
    type: 'boolean',
    doc: 'attention: a query sees only keys up to its own position',
    value: ({ entry: { problem } }) => (problem.op === 'attention' ? problem.causal : undefined),
  },
  {
    name: 'sparsity',
    group: 'shape',
    type: 'number',
    doc: 'fraction of weights dropped, 0.9 = nine of ten',
    value: ({ technique, entry }) => technique.columns?.(entry.params).sparsity,
  },
  {
    name: 'bits',
    group: 'shape',
    type: 'number',
    doc: 'bits of one stored weight, scales and indices apart',
    value: ({ technique, entry }) => technique.columns?.(entry.params).bits,
  },
  {
    name: 'group_size',
    group: 'shape',
    type: 'integer',
    doc: 'weights that share a scale',
    value: ({ technique, entry }) => technique.columns?.(entry.params).group_size,
  },
  // status
  {
    name: 'status',
    group: 'status',
    type: 'text',
    doc: 'ok, skipped, unsupported, incorrect, error, timeout, oom or noisy',
    value: ({ result }) => result.status,
  },
  {
    name: 'reason',
    group: 'status',
    type: 'text',
    doc: "why the status is not ok; budget where the run's time had no room for the case, shard missing where it was merged without its shard, of which nothing follows",
    value: ({ result }) => result.reason && visibleSentence(result.reason),
  },
  // speed
  {
    name: 'rounds',
    group: 'speed',
    type: 'integer',
    doc: 'short rounds that candidate and baseline ran in turn',
    value: ({ result }) => result.summary?.rounds,
  },
  {
    name: 'samples',
    group: 'speed',
    type: 'integer',
    doc: 'samples kept',
    value: ({ result }) => result.summary?.samples,
  },
  {
    name: 'dropped_samples',
    group: 'speed',
    type: 'integer',
    doc: 'samples left out because the system preempted the process during them (none where that were most of them, as with long calls, or where fewer than six rounds would be left; CPU backends only)',
    value: ({ result }) => result.samples?.candidate.dropped,
  },
  {
    name: 'median_ns',
    group: 'speed',
    type: 'number',
    doc: 'time of one call, ns',
    value: ({ result }) => tenths(result.summary?.medianNs),
  },
  {
    name: 'p20_ns',
    group: 'speed',
    type: 'number',
    doc: '20th percentile, the location all rates and ratios use, ns',
    value: ({ result }) => tenths(result.summary?.p20Ns),
  },
  {
    name: 'p95_ns',
    group: 'speed',
    type: 'number',
    doc: '95th percentile, ns',
    value: ({ result }) => tenths(result.summary?.p95Ns),
  },
  {
    name: 'min_ns',
    group: 'speed',
    type: 'number',
    doc: 'shortest sample, ns',
    value: ({ result }) => tenths(result.summary?.minNs),
  },
  {
    name: 'ci95_low_ns',
    group: 'speed',
    type: 'number',
    doc: "95 % interval of p20_ns, low end: its logarithm less Student's t times the standard error that resampling rounds gives; in simulations it covers 91 to 96 %",
    value: ({ result }) => tenths(result.summary?.ci95?.low),
  },
  {
    name: 'ci95_high_ns',
    group: 'speed',
    type: 'number',
    doc: 'the same, high end',
    value: ({ result }) => tenths(result.summary?.ci95?.high),
  },
  {
    name: 'upload_ns',
    group: 'speed',
    type: 'number',
    doc: 'GPU: activations to the device, median; weights are resident',
    value: ({ result }) => tenths(result.transfers?.uploadNs),
  },
  {
    name: 'readback_ns',
    group: 'speed',
    type: 'number',
    doc: 'GPU: output from the device, median',
    value: ({ result }) => tenths(result.transfers?.readbackNs),
  },
  // rates
  {
    name: 'dense_gflops',
    group: 'rates',
    type: 'number',
    doc: 'work of the uncompressed computation / p20_ns',
    value: (facts) => perNs(facts, operationOf(facts.entry.problem.op).denseFlops(facts.entry.problem)),
  },
  {
    name: 'actual_gflops',
    group: 'rates',
    type: 'number',
    doc: "the format's own work, its stored weights only / p20_ns; a kernel may do more, as one that expands zeros in registers",
    value: (facts) => perNs(facts, facts.result.flops),
  },
  {
    name: 'gbytes_per_s',
    group: 'rates',
    type: 'number',
    doc: '(stored_bytes + activations + output) / p20_ns',
    value: (facts) => perNs(facts, facts.movedBytes),
  },
  {
    name: 'roofline_pct',
    group: 'rates',
    type: 'number',
    doc: "rate over what the machine's roofline allows, measured with as many threads, %",
    value: (facts) => {
      const rate = perNs(facts, facts.result.flops);
      return rate === undefined || facts.roof === undefined ? undefined : (rate * 100) / facts.roof.gflops;
    },
  },
  {
    name: 'tokens_per_s',
    group: 'rates',
    type: 'number',
    doc: 'M / p20_ns: rows of activations through this one layer, or tokens through the whole model',
    value: (facts) => perNs(facts, facts.entry.problem.M * 1e9),
  },
  // against dense
  {
    name: 'baseline_case_id',
    group: 'against dense',
    type: 'text',
    doc: 'the uncompressed technique at the same problem and backend',
    value: ({ entry }) => entry.baselineId,
  },
  {
    name: 'speedup',
    group: 'against dense',
    type: 'number',
    doc: "baseline time / own time, paired round by round: median over the rounds of a process, then over the processes; on the baseline's own row two instances of it, so 1 but for noise",
    value: ({ result }) => result.ratio?.speedup,
  },
  {
    name: 'speedup_ci95_low',
    group: 'against dense',
    type: 'number',
    doc: 'interval of speedup, low end, by order statistics: of one process 95 % for the median over its rounds, at least six of them; of several for the median over processes, each with its own interval (two: from the lower low end to the higher high end, which holds the true median half the time; five: 94 %)',
    value: ({ result }) => result.ratio?.ci95?.low,
  },
  {
    name: 'speedup_ci95_high',
    group: 'against dense',
    type: 'number',
    doc: 'the same, high end',
    value: ({ result }) => result.ratio?.ci95?.high,
  },
  // memory
  {
    name: 'dense_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'uncompressed f32 weights',
    value: ({ entry: { problem } }) => operationOf(problem.op).denseBytes(problem),
  },
  {
    name: 'stored_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'the packed weights as they lie in memory, and what is added back beside them',
    better: 'less',
    value: ({ result }) => totalBytes(result.storedBytes),
  },
  {
    name: 'value_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'of these, values',
    better: 'less',
    value: ({ result }) => result.storedBytes?.values,
  },
  {
    name: 'index_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'of these, indices and row pointers',
    better: 'less',
    value: ({ result }) => result.storedBytes?.indices,
  },
  {
    name: 'scale_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'of these, scales',
    better: 'less',
    value: ({ result }) => result.storedBytes?.scales,
  },
  {
    name: 'compression_ratio',
    group: 'memory',
    type: 'number',
    doc: 'dense_bytes / stored_bytes',
    value: ({ entry: { problem }, result }) => {
      const stored = totalBytes(result.storedBytes);
      return stored ? operationOf(problem.op).denseBytes(problem) / stored : undefined;
    },
  },
  {
    name: 'workspace_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'scratch the kernel holds beside weights, activations and output; empty where a peer keeps it to itself',
    better: 'less',
    value: ({ result }) => result.workspaceBytes,
  },
  {
    name: 'device_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'GPU: all that was allocated on the device for the kernel',
    better: 'less',
    value: ({ result }) => result.deviceBytes,
  },
  {
    name: 'peak_rss_bytes',
    group: 'memory',
    type: 'integer',
    doc: "largest resident set of the case's process, runtime, baseline and references included; of passes in which the case came first in its process",
    value: ({ result }) => result.peakRssBytes,
  },
  // drift
  {
    name: 'kernel_nmse',
    group: 'drift',
    type: 'number',
    doc: 'Σ(output−reference)² / Σreference² against float64 on the unpacked weights: a bug shows here',
    better: 'less',
    value: ({ result }) => result.kernelNmse,
  },
  {
    name: 'sqnr_db',
    group: 'drift',
    type: 'number',
    doc: '10·log10(Σreference² / Σ(output−reference)²) against float64 on the original weights: what compression costs',
    better: 'more',
    value: ({ result }) => result.drift?.sqnr_db,
  },
  {
    name: 'rel_fro_err',
    group: 'drift',
    type: 'number',
    doc: '‖output−reference‖ / ‖reference‖, Frobenius',
    better: 'less',
    value: ({ result }) => result.drift?.rel_fro_err,
  },
  {
    name: 'max_abs_err',
    group: 'drift',
    type: 'number',
    doc: 'largest |output−reference|',
    better: 'less',
    value: ({ result }) => result.drift?.max_abs_err,
  },
  {
    name: 'p99_abs_err',
    group: 'drift',
    type: 'number',
    doc: '99th percentile of |output−reference|',
    better: 'less',
    value: ({ result }) => result.drift?.p99_abs_err,
  },
  {
    name: 'cosine',
    group: 'drift',
    type: 'number',
    doc: 'cosine of the angle between output and reference',
    better: 'more',
    value: ({ result }) => result.drift?.cosine,
  },
  {
    name: 'nonfinite',
    group: 'drift',
    type: 'integer',
    doc: 'NaN and infinite values in the output',
    better: 'less',
    value: ({ result }) => result.drift?.nonfinite,
  },
  {
    name: 'drift_budget_db',
    group: 'drift',
    type: 'number',
    doc: "least sqnr_db the technique's declaration allows",
    value: ({ result }) => result.driftBudgetDb,
  },
  {
    name: 'drift_ok',
    group: 'drift',
    type: 'boolean',
    doc: 'sqnr_db reaches the budget and nothing is infinite',
    value: ({ result }) => result.driftOk,
  },
  // machine
  {
    name: 'env_hash',
    group: 'machine',
    type: 'text',
    doc: 'equal where absolute times may be compared',
    value: ({ envHash }) => envHash,
  },
  {
    name: 'cpu_model',
    group: 'machine',
    type: 'text',
    doc: 'as the system names it',
    value: ({ run }) => run.machine.cpu_model,
  },
  {
    name: 'cpu_count',
    group: 'machine',
    type: 'integer',
    doc: 'logical processors this process may use',
    value: ({ run }) => run.machine.cpu_count,
  },
  {
    name: 'os',
    group: 'machine',
    type: 'text',
    doc: 'platform, release, architecture',
    value: ({ run }) => run.machine.os,
  },
  {
    name: 'node_version',
    group: 'machine',
    type: 'text',
    doc: 'Node.js',
    value: ({ run }) => run.machine.node_version,
  },
  { name: 'v8_version', group: 'machine', type: 'text', doc: 'V8', value: ({ run }) => run.machine.v8_version },
  {
    name: 'gpu_adapter',
    group: 'machine',
    type: 'text',
    doc: 'vendor, architecture and device of the GPU adapter',
    value: ({ adapter }) => adapter?.adapter || undefined,
  },
  {
    name: 'gpu_driver',
    group: 'machine',
    type: 'text',
    doc: 'its driver',
    value: ({ adapter }) => adapter?.driver || undefined,
  },
  {
    name: 'load_before',
    group: 'machine',
    type: 'number',
    doc: 'load average over a minute, before the case; the highest of its passes',
    value: ({ result }) => result.loadBefore,
  },
  {
    name: 'load_after',
    group: 'machine',
    type: 'number',
    doc: 'the same, after it',
    value: ({ result }) => result.loadAfter,
  },
  {
    name: 'canary_ns',
    group: 'machine',
    type: 'integer',
    doc: 'a fixed scalar loop timed before the case, median of its passes: tells a throttled or crowded machine',
    value: ({ result }) => result.canaryNs,
  },
  {
    name: 'timer_resolution_ns',
    group: 'machine',
    type: 'integer',
    doc: 'smallest step of the clock that samples were timed with',
    value: ({ result }) => result.timerResolutionNs,
  },
  {
    name: 'cache',
    group: 'rates',
    type: 'text',
    doc: 'resident where stored weights, activations and output fit the last-level cache, else streamed',
    value: ({ cache }) => cache,
  },
  {
    name: 'variant',
    group: 'identity',
    type: 'text',
    doc: 'which of several code paths the kernel chose, where it has several',
    value: ({ result }) => result.variant,
  },
  {
    name: 'runtime_version',
    group: 'machine',
    type: 'text',
    doc: "what ran the kernel where that is not Node with tare's own code: a browser or another's package, and its version",
    value: ({ adapter }) => adapter?.version,
  },
  {
    name: 'device_ns',
    group: 'speed',
    type: 'number',
    doc: "GPU: computing alone, p20 of one call by the device's own clock, from the beginning of its first compute pass to the end of its last, many calls submitted at once; p20_ns has the host's submission and wait as well, as a caller does. Empty where the adapter has no timestamps",
    value: ({ result }) => tenths(result.deviceTime?.ns),
  },
  {
    name: 'device_timer_quantum_ns',
    group: 'speed',
    type: 'integer',
    doc: 'largest step of which all timestamps of the device were multiples; calls are batched until it is under 1 % of what is timed',
    value: ({ result }) => result.deviceTime?.quantumNs,
  },
  {
    name: 'device_speedup',
    group: 'against dense',
    type: 'number',
    doc: "baseline time / own time by the device's clock, in turn, median",
    value: ({ result }) => result.deviceTime?.speedup,
  },
  {
    name: 'core_state',
    group: 'machine',
    type: 'text',
    doc: 'whether the core worked for this process alone: free in all samples that count, shared in hardly any, mixed in too few to leave out the rest; empty where nothing tells, as in browsers and on GPUs',
    value: ({ result }) => result.core?.state,
  },
  {
    name: 'free_rounds',
    group: 'machine',
    type: 'integer',
    doc: 'rounds in which candidate and baseline had samples on a core of their own',
    value: ({ result }) => result.core?.freeRounds,
  },
  {
    name: 'caveat',
    group: 'status',
    type: 'text',
    doc: 'what a reader must know of figures that look like any other: how the format failed on these weights, or that activations were made up',
    value: ({ result }) => result.caveat,
  },
  {
    name: 'processes',
    group: 'speed',
    type: 'integer',
    doc: 'processes the case was measured in, one a pass over the run, where not said otherwise one on a GPU emulated on the CPU; rounds, samples and times are of all together',
    value: ({ result }) => result.processes,
  },
  {
    name: 'speedup_sd_between',
    group: 'against dense',
    type: 'number',
    doc: 'standard deviation of log(speedup) between processes, which the rounds within one know nothing of; empty where there was one',
    value: ({ result }) => result.speedupSdBetween,
  },
  {
    name: 'took_s',
    group: 'identity',
    type: 'number',
    doc: 'wall time of all passes of the case, the start of their processes included, s: shards are dealt out by it',
    value: ({ result }) => result.tookS && Math.round(result.tookS * 1000) / 1000,
  },
  {
    name: 'technique_hash',
    group: 'identity',
    type: 'text',
    doc: "first 64 bits of the SHA-256 of the technique's code, hex: its folder and what it imports beside tare's contract and packages",
    value: ({ run, entry }) => run.techniqueHashes.get(entry.technique),
  },
  {
    name: 'calibration_rows',
    group: 'shape',
    type: 'integer',
    doc: 'rows of calibration activations the method looked at; none of them is measured',
    value: ({ result }) => result.calibrationRows,
  },
  {
    name: 'correction_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'of stored_bytes, what is added beside the weights: low-rank factors, a datastore, a model that drafts',
    better: 'less',
    value: ({ result }) => result.storedBytes?.corrections,
  },
  {
    name: 'folded',
    group: 'shape',
    type: 'text',
    doc: 'what the layer before was asked to do, so that it costs nothing here',
    value: ({ result }) => result.folded,
  },
  {
    name: 'phase',
    group: 'shape',
    type: 'text',
    doc: 'model: decode, one token after those in the caches; prefill, M tokens of a text from its beginning; generate, M tokens written one after another, each the likeliest',
    value: ({ entry: { problem } }) => (problem.op === 'model' ? problem.phase : undefined),
  },
  {
    name: 'context',
    group: 'shape',
    type: 'integer',
    doc: 'model: tokens in the caches before the call',
    value: ({ entry: { problem } }) => (problem.op === 'model' ? problem.context : undefined),
  },
  {
    name: 'layers',
    group: 'shape',
    type: 'text',
    doc: 'model: which linear layers the technique replaces: all of the stack, attn or ffn of them, head, or all+head; the others stay f32',
    value: ({ entry: { problem } }) => (problem.op === 'model' ? problem.layers : undefined),
  },
  {
    name: 'scale',
    group: 'shape',
    type: 'integer',
    doc: 'model: how often its stack of layers stands on itself; above 1 nothing is scored',
    value: ({ entry: { problem } }) => (problem.op === 'model' ? problem.scale : undefined),
  },
  {
    name: 'kv_cache_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'model: keys and values of the context and of the call',
    better: 'less',
    value: ({ result }) => result.kvCacheBytes,
  },
  {
    name: 'resident_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'model: what it holds while it runs: stored_bytes, kv_cache_bytes and workspace_bytes, which is activations, scratch and, where a compressed head is tied, the embedding as f32',
    better: 'less',
    value: ({ result: { storedBytes, kvCacheBytes, workspaceBytes } }) => {
      const stored = totalBytes(storedBytes);
      if (stored === undefined || kvCacheBytes === undefined) return undefined;
      return stored + kvCacheBytes + (workspaceBytes ?? 0);
    },
  },
  {
    name: 'scored_tokens',
    group: 'drift',
    type: 'integer',
    doc: 'model: tokens of the text that were predicted, each from half a window of text before it at least, which is half of what the model takes and 256 at most',
    value: ({ result }) => result.score?.tokens,
  },
  {
    name: 'ppl',
    group: 'drift',
    type: 'number',
    doc: 'perplexity: exp of the mean of −ln p over the tokens that came',
    better: 'less',
    value: ({ result }) => result.score?.ppl,
  },
  {
    name: 'ppl_ratio',
    group: 'drift',
    type: 'number',
    doc: 'ppl over that of the uncompressed model on the same tokens and backend',
    better: 'less',
    value: ({ result }) => result.score?.pplRatio,
  },
  {
    name: 'ppl_ratio_ci95_low',
    group: 'drift',
    type: 'number',
    doc: '95 % interval of ppl_ratio, low end: tokens paired, stretches of 64 of them resampled (block bootstrap, studentised); empty below five stretches',
    value: ({ result }) => result.score?.pplRatioCi95?.low,
  },
  {
    name: 'ppl_ratio_ci95_high',
    group: 'drift',
    type: 'number',
    doc: 'the same, high end',
    value: ({ result }) => result.score?.pplRatioCi95?.high,
  },
  {
    name: 'kld_mean',
    group: 'drift',
    type: 'number',
    doc: "Kullback-Leibler divergence of the predictions from the uncompressed model's, mean over the tokens, nats; its logits in full precision",
    better: 'less',
    value: ({ result }) => result.score?.kldMean,
  },
  {
    name: 'kld_mean_ci95_low',
    group: 'drift',
    type: 'number',
    doc: '95 % interval of kld_mean, low end, as that of ppl_ratio',
    value: ({ result }) => result.score?.kldMeanCi95?.low,
  },
  {
    name: 'kld_mean_ci95_high',
    group: 'drift',
    type: 'number',
    doc: 'the same, high end',
    value: ({ result }) => result.score?.kldMeanCi95?.high,
  },
  {
    name: 'kld_p99',
    group: 'drift',
    type: 'number',
    doc: '99th percentile of the divergence of single tokens',
    better: 'less',
    value: ({ result }) => result.score?.kldP99,
  },
  {
    name: 'kld_max',
    group: 'drift',
    type: 'number',
    doc: 'largest of them',
    better: 'less',
    value: ({ result }) => result.score?.kldMax,
  },
  {
    name: 'same_top_pct',
    group: 'drift',
    type: 'number',
    doc: "how often the most likely token is the uncompressed model's, %",
    better: 'more',
    value: ({ result }) => result.score?.sameTopPct,
  },
  {
    name: 'rms_dp_pct',
    group: 'drift',
    type: 'number',
    doc: "root mean square of what the right token's probability changes by, %",
    better: 'less',
    value: ({ result }) => result.score?.rmsDpPct,
  },
  {
    name: 'scored_examples',
    group: 'drift',
    type: 'integer',
    doc: 'classify: examples of the test set',
    value: ({ result }) => result.accuracy?.examples,
  },
  {
    name: 'accuracy_pct',
    group: 'drift',
    type: 'number',
    doc: 'classify: how many of them are taken for what they are, %',
    better: 'more',
    value: ({ result }) => result.accuracy?.accuracyPct,
  },
  {
    name: 'accuracy_change_pct',
    group: 'drift',
    type: 'number',
    doc: 'accuracy_pct less that of the uncompressed network on the same examples, percentage points',
    better: 'more',
    value: ({ result }) => result.accuracy?.changePct,
  },
  {
    name: 'accuracy_change_ci95_low',
    group: 'drift',
    type: 'number',
    doc: '95 % interval of accuracy_change_pct, low end: examples paired (Agresti & Min 2005)',
    value: ({ result }) => result.accuracy?.changeCi95.low,
  },
  {
    name: 'accuracy_change_ci95_high',
    group: 'drift',
    type: 'number',
    doc: 'the same, high end',
    value: ({ result }) => result.accuracy?.changeCi95.high,
  },
  {
    name: 'energy_j',
    group: 'energy',
    type: 'number',
    doc: "one call, J: what the processor's packages took by RAPL over all turns of the candidate, less idle_w, over the calls in them; median of the processes. Whatever else the machine did meanwhile and the canary beside each sample are in it, memory and GPUs are not. CPU backends in Node, where Linux shows the counters and lets tare read them (tare doctor); empty elsewhere, and where it comes to less than idle",
    value: ({ result }) => result.energyJ,
  },
  {
    name: 'idle_w',
    group: 'energy',
    type: 'number',
    doc: 'what the packages took in half a second before the first case, W: subtracted from energy_j',
    value: ({ result, run }) => (result.energyJ === undefined ? undefined : run.idleW),
  },
  {
    name: 'acceptance_pct',
    group: 'drafts',
    type: 'number',
    doc: 'model that writes by drafts: of the drafted tokens that it came to, how many it would have written itself, %; those after one that it would not are not counted',
    better: 'more',
    value: ({ result }) => result.drafts?.acceptancePct,
  },
  {
    name: 'draft_cost_pct',
    group: 'drafts',
    type: 'number',
    doc: 'time in which the model that drafts decodes a token over that of the model itself, both alone and in turn, %',
    value: ({ result }) => result.drafts?.costPct,
  },
  {
    name: 'draft_check_pct',
    group: 'drafts',
    type: 'number',
    doc: 'time in which the model takes in a draft and the token before it, over that of a single token, %: 100 where memory is all that it waits for',
    value: ({ result }) => result.drafts?.checkPct,
  },
  {
    name: 'expected_speedup',
    group: 'drafts',
    type: 'number',
    doc: 'over writing without drafts, by acceptance α, cost c and k drafted tokens: (1 − αᵏ⁺¹) / ((1 − α)(kc + 1)), which takes draft_check_pct to be 100 (arXiv 2211.17192)',
    value: ({ result }) => result.drafts?.expectedSpeedup,
  },
  {
    name: 'experts',
    group: 'shape',
    type: 'integer',
    doc: 'moe: feed-forward parts that a router chooses from',
    value: ({ entry: { problem } }) => (problem.op === 'moe' ? problem.experts : undefined),
  },
  {
    name: 'top_k',
    group: 'shape',
    type: 'integer',
    doc: 'moe: how many of them each row goes through',
    value: ({ entry: { problem } }) => (problem.op === 'moe' ? problem.topK : undefined),
  },
] as const satisfies readonly Column[];

/** One row: a missing figure is undefined, and an empty cell in the file. */
export type ResultRow = {
  -readonly [C in (typeof columns)[number] as C['name']]?: CellTypes[C['type']];
};

/** Throws where a technique says of itself what does not fit its column. */
export function rowOf(facts: Facts): ResultRow {
  return Object.fromEntries(columns.map((column) => [column.name, checkedCell(column, column.value(facts))]));
}

const KIND = { text: 'string', integer: 'number', number: 'number', boolean: 'boolean' } as const;

/** Names, versions and drivers come from elsewhere: none of them may work on the terminal it is shown on. */
function checkedCell({ name, type }: Column, value: CellTypes[CellType] | undefined) {
  if (typeof value === 'string' && type === 'text') return visibleText(value);
  // The median of an even number of whole figures may lie between two of them.
  if (typeof value === 'number' && type === 'integer') return Math.round(value);
  if (value === undefined || typeof value === KIND[type]) return value;
  throw new Error(`${name}: must be a ${KIND[type]}, got ${typeof value}`);
}

function spellParams(params: Params): string | undefined {
  const spelled = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return spelled.length > 0 ? spelled.join(';') : undefined;
}

/** A rate: so much in the time of one call. Of operations it is GFLOP/s, of bytes GB/s. */
function perNs({ result: { summary } }: Facts, amount: number | undefined): number | undefined {
  return summary === undefined || amount === undefined ? undefined : amount / summary.p20Ns;
}

export function totalBytes(stored: StoredBytes | undefined): number | undefined {
  return stored && stored.values + stored.indices + stored.scales + (stored.corrections ?? 0);
}

/** Tenths of a nanosecond: more digits than any clock here gives. */
function tenths(ns: number | undefined): number | undefined {
  return ns === undefined ? undefined : Math.round(ns * 10) / 10;
}
