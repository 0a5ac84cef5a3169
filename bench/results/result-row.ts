// The one table of columns: it drives writing, parsing and results/README.md. Columns are only ever appended.

export type CellType = 'text' | 'integer' | 'number' | 'boolean';

interface Column {
  readonly name: string;
  readonly group: string;
  readonly type: CellType;
  readonly doc: string;
}

/** Raised when a column changes its meaning; new columns leave it alone. */
export const SCHEMA_VERSION = 1;

export const columns = [
  // identity
  {
    name: 'schema_version',
    group: 'identity',
    type: 'integer',
    doc: 'version of this table; raised when a column changes its meaning',
  },
  { name: 'run_id', group: 'identity', type: 'text', doc: 'the run; also the stem of its files' },
  { name: 'started_at', group: 'identity', type: 'text', doc: 'when the case started, UTC, ISO 8601' },
  { name: 'git_commit', group: 'identity', type: 'text', doc: "commit of tare's own checkout" },
  { name: 'git_dirty', group: 'identity', type: 'boolean', doc: 'the checkout held uncommitted changes' },
  { name: 'shard', group: 'identity', type: 'text', doc: 'i/n where the run was one of n shards' },
  {
    name: 'case_id',
    group: 'identity',
    type: 'text',
    doc: 'suite:technique:backend:parameters; what runs are joined by',
  },
  { name: 'suite', group: 'identity', type: 'text', doc: 'suite the case comes from' },
  { name: 'op', group: 'identity', type: 'text', doc: 'operation: matmul or attention' },
  { name: 'technique', group: 'identity', type: 'text', doc: 'folder in kernels/' },
  {
    name: 'params',
    group: 'identity',
    type: 'text',
    doc: "the technique's parameters, name=value;name=value in axis order",
  },
  { name: 'backend', group: 'identity', type: 'text', doc: 'where it ran' },
  { name: 'threads', group: 'identity', type: 'integer', doc: 'threads the kernel itself uses' },
  { name: 'device', group: 'identity', type: 'text', doc: 'cpu or gpu' },
  {
    name: 'adapter_type',
    group: 'identity',
    type: 'text',
    doc: 'none on CPU backends, else hardware or software (a GPU emulated on the CPU)',
  },
  { name: 'weights', group: 'identity', type: 'text', doc: 'where the weights (or Q, K and V) come from' },
  { name: 'seed', group: 'identity', type: 'integer', doc: 'seed of synthetic inputs and of resampling' },
  { name: 'input_hash', group: 'identity', type: 'text', doc: 'first 64 bits of the SHA-256 of all inputs, hex' },
  // shape
  { name: 'M', group: 'shape', type: 'integer', doc: 'matmul: rows of X; attention: query rows' },
  { name: 'N', group: 'shape', type: 'integer', doc: 'matmul: rows of W' },
  { name: 'K', group: 'shape', type: 'integer', doc: 'matmul: columns of X and W' },
  { name: 'seq_len', group: 'shape', type: 'integer', doc: 'attention: keys' },
  { name: 'head_dim', group: 'shape', type: 'integer', doc: 'attention: values of one head' },
  { name: 'heads', group: 'shape', type: 'integer', doc: 'attention: heads' },
  { name: 'batch', group: 'shape', type: 'integer', doc: 'attention: sequences' },
  { name: 'causal', group: 'shape', type: 'boolean', doc: 'attention: a query sees only keys up to its own position' },
  { name: 'sparsity', group: 'shape', type: 'number', doc: 'fraction of weights dropped, 0.9 = nine of ten' },
  { name: 'bits', group: 'shape', type: 'integer', doc: 'bits of one stored weight, scales and indices apart' },
  { name: 'group_size', group: 'shape', type: 'integer', doc: 'weights that share a scale' },
  { name: 'rank', group: 'shape', type: 'integer', doc: 'rank of a factorisation' },
  // status
  {
    name: 'status',
    group: 'status',
    type: 'text',
    doc: 'ok, skipped, unsupported, incorrect, error, timeout, oom or noisy',
  },
  { name: 'reason', group: 'status', type: 'text', doc: 'why the status is not ok' },
  // speed
  { name: 'rounds', group: 'speed', type: 'integer', doc: 'short rounds that candidate and baseline ran in turn' },
  { name: 'samples', group: 'speed', type: 'integer', doc: 'samples kept' },
  {
    name: 'dropped_samples',
    group: 'speed',
    type: 'integer',
    doc: 'samples left out because the system preempted the process during them (none where that were most of them, as with long calls; CPU backends only)',
  },
  { name: 'median_ns', group: 'speed', type: 'number', doc: 'time of one call, ns' },
  { name: 'p20_ns', group: 'speed', type: 'number', doc: '20th percentile, the location all rates and ratios use, ns' },
  { name: 'p95_ns', group: 'speed', type: 'number', doc: '95th percentile, ns' },
  { name: 'min_ns', group: 'speed', type: 'number', doc: 'shortest sample, ns' },
  {
    name: 'ci95_low_ns',
    group: 'speed',
    type: 'number',
    doc: '95 % bootstrap interval of p20_ns over rounds, low end',
  },
  { name: 'ci95_high_ns', group: 'speed', type: 'number', doc: 'the same, high end' },
  {
    name: 'upload_ns',
    group: 'speed',
    type: 'number',
    doc: 'GPU: activations to the device, median; weights are resident',
  },
  { name: 'readback_ns', group: 'speed', type: 'number', doc: 'GPU: output from the device, median' },
  // rates
  { name: 'dense_gflops', group: 'rates', type: 'number', doc: 'work of the uncompressed computation / p20_ns' },
  {
    name: 'actual_gflops',
    group: 'rates',
    type: 'number',
    doc: "the format's own work, its stored weights only / p20_ns; a kernel may do more, as one that expands zeros in registers",
  },
  { name: 'gbytes_per_s', group: 'rates', type: 'number', doc: '(stored_bytes + activations + output) / p20_ns' },
  {
    name: 'roofline_pct',
    group: 'rates',
    type: 'number',
    doc: "rate over what the machine's measured roofline allows, %",
  },
  {
    name: 'tokens_per_s',
    group: 'rates',
    type: 'number',
    doc: 'M / p20_ns: rows of activations through this one layer',
  },
  // against dense
  {
    name: 'baseline_case_id',
    group: 'against dense',
    type: 'text',
    doc: 'the uncompressed technique at the same problem and backend',
  },
  {
    name: 'speedup',
    group: 'against dense',
    type: 'number',
    doc: "baseline time / own time, paired round by round in one process, median; on the baseline's own row two instances of it, so 1 but for noise",
  },
  {
    name: 'speedup_ci95_low',
    group: 'against dense',
    type: 'number',
    doc: '95 % bootstrap interval of speedup over rounds, low end',
  },
  { name: 'speedup_ci95_high', group: 'against dense', type: 'number', doc: 'the same, high end' },
  // memory
  { name: 'dense_bytes', group: 'memory', type: 'integer', doc: 'uncompressed f32 weights' },
  { name: 'stored_bytes', group: 'memory', type: 'integer', doc: 'the packed weights as they lie in memory' },
  { name: 'value_bytes', group: 'memory', type: 'integer', doc: 'of these, values' },
  { name: 'index_bytes', group: 'memory', type: 'integer', doc: 'of these, indices and row pointers' },
  { name: 'scale_bytes', group: 'memory', type: 'integer', doc: 'of these, scales' },
  { name: 'compression_ratio', group: 'memory', type: 'number', doc: 'dense_bytes / stored_bytes' },
  {
    name: 'workspace_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'scratch the kernel holds beside weights, activations and output; empty where a peer keeps it to itself',
  },
  {
    name: 'device_bytes',
    group: 'memory',
    type: 'integer',
    doc: 'GPU: all that was allocated on the device for the kernel',
  },
  {
    name: 'peak_rss_bytes',
    group: 'memory',
    type: 'integer',
    doc: "largest resident set of the case's process, runtime, baseline and references included",
  },
  // drift
  {
    name: 'kernel_nmse',
    group: 'drift',
    type: 'number',
    doc: 'Σ(output−reference)² / Σreference² against float64 on the unpacked weights: a bug shows here',
  },
  {
    name: 'sqnr_db',
    group: 'drift',
    type: 'number',
    doc: '10·log10(Σreference² / Σ(output−reference)²) against float64 on the original weights: what compression costs',
  },
  { name: 'rel_fro_err', group: 'drift', type: 'number', doc: '‖output−reference‖ / ‖reference‖, Frobenius' },
  { name: 'max_abs_err', group: 'drift', type: 'number', doc: 'largest |output−reference|' },
  { name: 'p99_abs_err', group: 'drift', type: 'number', doc: '99th percentile of |output−reference|' },
  { name: 'cosine', group: 'drift', type: 'number', doc: 'cosine of the angle between output and reference' },
  { name: 'nonfinite', group: 'drift', type: 'integer', doc: 'NaN and infinite values in the output' },
  { name: 'kld_mean', group: 'drift', type: 'number', doc: 'logits: mean Kullback-Leibler divergence' },
  { name: 'kld_p99', group: 'drift', type: 'number', doc: 'logits: its 99th percentile' },
  { name: 'kld_max', group: 'drift', type: 'number', doc: 'logits: its maximum' },
  { name: 'same_top_pct', group: 'drift', type: 'number', doc: 'logits: tokens whose likeliest next token stays, %' },
  { name: 'ppl', group: 'drift', type: 'number', doc: 'logits: perplexity' },
  { name: 'ppl_ratio', group: 'drift', type: 'number', doc: 'logits: perplexity / that of the uncompressed model' },
  { name: 'accuracy_pct', group: 'drift', type: 'number', doc: 'classification: right answers, %' },
  { name: 'drift_budget_db', group: 'drift', type: 'number', doc: "least sqnr_db the technique's declaration allows" },
  { name: 'drift_ok', group: 'drift', type: 'boolean', doc: 'sqnr_db reaches the budget and nothing is infinite' },
  // energy
  {
    name: 'energy_j',
    group: 'energy',
    type: 'number',
    doc: 'energy of one call where the machine has a counter; never estimated',
  },
  // machine
  { name: 'env_hash', group: 'machine', type: 'text', doc: 'equal where absolute times may be compared' },
  { name: 'cpu_model', group: 'machine', type: 'text', doc: 'as the system names it' },
  { name: 'cpu_count', group: 'machine', type: 'integer', doc: 'logical processors this process may use' },
  { name: 'os', group: 'machine', type: 'text', doc: 'platform, release, architecture' },
  { name: 'node_version', group: 'machine', type: 'text', doc: 'Node.js' },
  { name: 'v8_version', group: 'machine', type: 'text', doc: 'V8' },
  { name: 'gpu_adapter', group: 'machine', type: 'text', doc: 'vendor, architecture and device of the GPU adapter' },
  { name: 'gpu_driver', group: 'machine', type: 'text', doc: 'its driver' },
  { name: 'load_before', group: 'machine', type: 'number', doc: 'load average over a minute, before the case' },
  { name: 'load_after', group: 'machine', type: 'number', doc: 'the same, after' },
  {
    name: 'canary_ns',
    group: 'machine',
    type: 'integer',
    doc: 'a fixed scalar loop timed before the case: tells a throttled or crowded machine',
  },
  {
    name: 'timer_resolution_ns',
    group: 'machine',
    type: 'integer',
    doc: 'smallest step of the clock that samples were timed with',
  },
  {
    name: 'cache',
    group: 'rates',
    type: 'text',
    doc: 'resident where stored weights, activations and output fit the last-level cache, else streamed',
  },
  {
    name: 'variant',
    group: 'identity',
    type: 'text',
    doc: 'which of several code paths the kernel chose, where it has several',
  },
  {
    name: 'runtime_version',
    group: 'machine',
    type: 'text',
    doc: "what ran the kernel where that is not Node with tare's own code: a browser or another's package, and its version",
  },
  {
    name: 'device_ns',
    group: 'speed',
    type: 'number',
    doc: "GPU: computing alone, p20 of one call by the device's own clock, from the beginning of its first compute pass to the end of its last, many calls submitted at once; p20_ns has the host's submission and wait as well, as a caller does. Empty where the adapter has no timestamps",
  },
  {
    name: 'device_timer_quantum_ns',
    group: 'speed',
    type: 'integer',
    doc: 'largest step of which all timestamps of the device were multiples; calls are batched until it is under 1 % of what is timed',
  },
  {
    name: 'device_speedup',
    group: 'against dense',
    type: 'number',
    doc: "baseline time / own time by the device's clock, in turn, median",
  },
] as const satisfies readonly Column[];

interface CellTypes {
  text: string;
  integer: number;
  number: number;
  boolean: boolean;
}

/** One row: a missing figure is undefined, and an empty cell in the file. */
export type ResultRow = {
  -readonly [C in (typeof columns)[number] as C['name']]?: CellTypes[C['type']];
};
