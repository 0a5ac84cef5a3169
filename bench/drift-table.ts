// What methods, formats and transforms do to the outputs of the bundled model's ten matrices, each held against another one on
// the same inputs: `node bench/drift-table.ts [part of a name]`. Nothing is timed. Intervals are over layers, each of them the
// mean over its sentences: sentences of one layer are no independent witnesses of a method.
import { loadTechnique, PROJECT } from './cases/registry.ts';
import { programArguments } from './commands/program-arguments.ts';
import { operationOf } from './contract/operations.ts';
import type { MatmulProblem } from './contract/problem.ts';
import type { Params } from './contract/technique.ts';
import { calibrationFor } from './inputs/make-calibration.ts';
import { makeInputs } from './inputs/make-inputs.ts';
import { useLiteMatmul } from './inputs/model-problems.ts';
import { sentences } from './inputs/use-lite/sentences.ts';
import { ensureUseLiteCache } from './inputs/use-lite/use-lite-cache-build.ts';
import { useLiteTokens } from './inputs/use-lite/use-lite-encoder.ts';
import { USE_LITE_TOKENS, useLiteMatrixNames } from './inputs/use-lite/use-lite-matrices.ts';
import { studentQuantile } from './statistics/student.ts';

type Side = readonly [technique: string, params: Params];

const int4 = (params: Params = {}): Side => ['int4', { groupSize: 64, ...params }];
const int3 = (params: Params = {}): Side => ['int3', { groupSize: 64, ...params }];
const csr = (params: Params = {}): Side => ['csr', { sparsity: 0.5, ...params }];

/** The first of each pair is asked how many decibels its outputs are nearer to the original ones than those of the second. */
const PAIRS: Readonly<Record<string, readonly [Side, Side]>> = {
  'int4 GPTQ / RTN': [int4({ method: 'gptq' }), int4()],
  'int4 GPTQ act-order / RTN': [int4({ method: 'gptq', actOrder: 'yes' }), int4()],
  'int3 GPTQ / RTN': [int3({ method: 'gptq' }), int3()],
  'nf4 GPTQ / RTN': [
    ['nf4', { method: 'gptq' }],
    ['nf4', {}],
  ],
  'mxfp4 GPTQ / RTN': [
    ['mxfp4', { method: 'gptq' }],
    ['mxfp4', {}],
  ],
  'int4 AWQ / RTN': [int4({ method: 'awq' }), int4()],
  'int4 imatrix / RTN': [int4({ method: 'imatrix' }), int4()],
  'q4-k imatrix / RTN': [
    ['q4-k', { method: 'imatrix' }],
    ['q4-k', {}],
  ],
  'int4 AutoRound / RTN': [int4({ method: 'autoround' }), int4()],
  'int4 HQQ / RTN': [int4({ method: 'hqq' }), int4()],
  'int4 zero point HQQ / RTN': [int4({ zero: 'f16', method: 'hqq' }), int4({ zero: 'f16' })],
  '2:4 Wanda / magnitude': [
    ['sparse-2-4', { method: 'wanda' }],
    ['sparse-2-4', {}],
  ],
  '2:4 SparseGPT / magnitude': [
    ['sparse-2-4', { method: 'sparsegpt' }],
    ['sparse-2-4', {}],
  ],
  'CSR 50 % Wanda / magnitude': [csr({ method: 'wanda' }), csr()],
  'CSR 50 % SparseGPT / magnitude': [csr({ method: 'sparsegpt' }), csr()],
  'int4 int8 activations / f32': [int4({ activations: 'int8' }), int4()],
  'int4 int8-32 activations / f32': [int4({ activations: 'int8-32' }), int4()],
  'q6-k / q5-k': [
    ['q6-k', {}],
    ['q5-k', {}],
  ],
  'q5-k / q4-k': [
    ['q5-k', {}],
    ['q4-k', {}],
  ],
  'q4-k / q4-0': [
    ['q4-k', {}],
    ['q4-0', {}],
  ],
  'q4-0 / int3': [['q4-0', {}], int3()],
  'nvfp4 / mxfp4': [
    ['nvfp4', {}],
    ['mxfp4', {}],
  ],
  'nf4 / int4': [['nf4', {}], int4()],
  'int4 Hadamard / none': [int4({ transform: 'hadamard' }), int4()],
  'int4 int8 activations Hadamard / none': [
    int4({ activations: 'int8', transform: 'hadamard' }),
    int4({ activations: 'int8' }),
  ],
  'mxfp4 Hadamard / none': [
    ['mxfp4', { transform: 'hadamard' }],
    ['mxfp4', {}],
  ],
  'int4 smooth / none': [int4({ transform: 'smooth' }), int4()],
  'int8 activations smooth / none': [int4({ activations: 'int8', transform: 'smooth' }), int4({ activations: 'int8' })],
  'int3 SVD 32 / none': [int3({ correction: 'svd', rank: 32 }), int3()],
  'int3 activation-aware 32 / SVD 32': [
    int3({ correction: 'activation-aware', rank: 32 }),
    int3({ correction: 'svd', rank: 32 }),
  ],
  'int3 LoftQ 32 / SVD 32': [int3({ correction: 'loftq', rank: 32 }), int3({ correction: 'svd', rank: 32 })],
};

interface Layer {
  readonly name: string;
  readonly problem: MatmulProblem;
  /** Of each row of X. */
  readonly sentenceOf: readonly number[];
  readonly reference: Float64Array;
}

const { part, byLayer } = await programArguments(
  'drift-table',
  '$0 [part]\n\nWhat methods, formats and transforms do to the outputs of the bundled model’s matrices.',
  (yargs) =>
    yargs.command('$0 [part]', false, (line) =>
      line
        .positional('part', { type: 'string', default: '', describe: 'pairs whose name contains it' })
        .option('by-layer', { type: 'boolean', default: false, describe: 'how much less error energy in each layer' }),
    ),
);
ensureUseLiteCache();
const layers = useLiteMatrixNames.map(layerOf);
if (!byLayer)
  process.stdout.write(
    `| pair | dB nearer, mean of ${layers.length} layers | 95 % | error energy less | layers better | sentences better |\n` +
      '|---|--:|---|--:|--:|--:|\n',
  );
const known = new Map<string, Float64Array>();
for (const [name, [one, other]] of Object.entries(PAIRS)) {
  if (!name.includes(String(part))) continue;
  const perLayer = await Promise.all(layers.map((layer) => gainOf(layer, one, other)));
  process.stdout.write(`${byLayer ? layersLine(name, perLayer) : lineOf(name, perLayer)}\n`);
}

function layerOf(name: string): Layer {
  const counts = useLiteTokens(sentences).map(({ length }) => length);
  const rows = name === 'tanh' ? sentences.length : USE_LITE_TOKENS;
  const problem = useLiteMatmul(name, rows);
  const { weights, activations } = makeInputs(problem) as ReturnType<typeof makeInputs> & {
    weights: { W: Float32Array };
  };
  const sentenceOf = name === 'tanh' ? counts.map((_, s) => s) : counts.flatMap((count, s) => Array(count).fill(s));
  return { name, problem, sentenceOf, reference: outputs(problem, weights.W, (activations as { X: Float32Array }).X) };
}

/** X [M,K] · Wᵀ in float64. */
function outputs({ M, N, K }: MatmulProblem, W: Float32Array, X: Float32Array): Float64Array {
  const Y = new Float64Array(M * N);
  const wide = Float64Array.from(W);
  const row = new Float64Array(K);
  for (let m = 0; m < M; m++) {
    row.set(X.subarray(m * K, (m + 1) * K));
    for (let n = 0; n < N; n++) {
      let even = 0;
      let odd = 0;
      for (let k = 0, w = n * K; k < K; k += 2, w += 2) {
        even += row[k] * wide[w];
        odd += row[k + 1] * wide[w + 1];
      }
      Y[m * N + n] = even + odd;
    }
  }
  return Y;
}

/** Σ error² over each sentence's outputs, and Σ reference² as its last half. */
async function energies(layer: Layer, [id, params]: Side): Promise<Float64Array> {
  const key = `${layer.name} ${id} ${JSON.stringify(params)}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const technique = await loadTechnique(id, [`${PROJECT}/kernels`]);
  const { problem, reference, sentenceOf } = layer;
  const inputs = makeInputs(problem);
  const packed = technique.pack(inputs.weights, problem, params, calibrationFor(technique, params, problem));
  const { W } = technique.unpack(packed, problem, params) as { W: Float32Array };
  const presented = technique.quantizeActivations?.(inputs.activations, problem, params, packed)?.activations;
  const { X } = (presented ?? inputs.activations) as { X: Float32Array };
  const Y = outputs(problem, W, X);
  const { columns } = operationOf('matmul').outputShape(problem);
  const sums = new Float64Array(2 * sentences.length);
  Y.forEach((y, i) => {
    const sentence = sentenceOf[Math.floor(i / columns)];
    sums[sentence] += (y - reference[i]) ** 2;
    sums[sentences.length + sentence] += reference[i] ** 2;
  });
  known.set(key, sums);
  return sums;
}

interface Gain {
  /** Mean over sentences. */
  readonly dB: number;
  /** Of all error energy of the second, the part that the first has not. */
  readonly less: number;
  /** Sentences on which the first is nearer. */
  readonly better: number;
}

async function gainOf(layer: Layer, one: Side, other: Side): Promise<Gain> {
  const [a, b] = [await energies(layer, one), await energies(layer, other)];
  const gains = sentences.map((_, s) => 10 * Math.log10(b[s] / a[s]));
  const total = (sums: Float64Array) => sums.subarray(0, sentences.length).reduce((sum, value) => sum + value, 0);
  return { dB: mean(gains), less: 1 - total(a) / total(b), better: gains.filter((gain) => gain > 0).length };
}

function layersLine(name: string, perLayer: readonly Gain[]): string {
  const each = perLayer.map(({ less }, i) => `${layers[i].name} ${(100 * less).toFixed(0)} %`);
  return `${name}: ${each.join(', ')}`;
}

function lineOf(name: string, perLayer: readonly Gain[]): string {
  const dB = perLayer.map((layer) => layer.dB);
  const centre = mean(dB);
  const variance = dB.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (dB.length - 1);
  const reach = studentQuantile(0.05, dB.length - 1) * Math.sqrt(variance / dB.length);
  const less = perLayer.map((layer) => 100 * layer.less);
  const sentencesBetter = perLayer.reduce((sum, { better }) => sum + better, 0) / (layers.length * sentences.length);
  return [
    '',
    name,
    centre.toFixed(2),
    `${(centre - reach).toFixed(2)} to ${(centre + reach).toFixed(2)}`,
    `${mean(less).toFixed(0)} % (${Math.min(...less).toFixed(0)} to ${Math.max(...less).toFixed(0)})`,
    `${dB.filter((gain) => gain > 0).length} of ${layers.length}`,
    `${(100 * sentencesBetter).toFixed(0)} %`,
    '',
  ]
    .join(' | ')
    .trim();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
