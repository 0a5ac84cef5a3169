import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { wasmFile } from '../../backends/wasm-file.ts';
import { instantiate } from '../../backends/wasm-instance.ts';
import { newMemory } from '../../backends/wasm-memory.ts';
import type { ModelConfig } from '../../contract/model.ts';
import { forwardFloat64 } from '../../contract/operations/model-float64.ts';
import { seededRandom } from '../../statistics/random.ts';
import { allocateTraining } from './memory.ts';
import { rotaryAngles } from './network.ts';
import { adapterNames, initialWeights, parametersOf } from './parameters.ts';
import { type Adapters, type NetworkSettings, recipeOf } from './recipes.ts';
import { shardOf } from './shard.ts';
import { lossesOf } from './trainer.ts';

/** Every size differs from every other; three query heads share a head of keys, and a context is no multiple of a panel. */
const config: ModelConfig = {
  architecture: 'llama',
  vocabularySize: 48,
  hiddenSize: 32,
  feedForwardSize: 80,
  layers: 2,
  heads: 6,
  keyValueHeads: 2,
  headDim: 16,
  normEpsilon: 1e-5,
  contextLength: 32,
  ropeTheta: 100,
  isHeadTied: true,
  hasQkvBias: false,
  hasOutputBias: false,
  hasQkNorm: false,
  activation: 'silu',
};
const SEQUENCES = 3;
/** Deviation of the steps that gradients are tried on: few values of a ReLU change sides on it. */
const SHORT = 1e-6;
/** Sums of weights and adapters, which are f32, must change by more than their rounding. */
const LONG = 1e-3;
const TOKENS = SEQUENCES * config.contextLength;
const { optimizer } = recipeOf('moby');
const plain: NetworkSettings = { config, batch: { shards: 1, sequences: SEQUENCES }, optimizer };

const random = seededRandom(3);
const windows = Array.from({ length: SEQUENCES }, () =>
  Int32Array.from({ length: config.contextLength + 1 }, () => random.uint32() % config.vocabularySize),
);

const shallow: ModelConfig = { ...config, layers: 1 };
const teacher = { ...shallow, hiddenSize: 48, heads: 2, keyValueHeads: 1 };
/** With the weights whose gradients are tried. */
const kinds: readonly [string, NetworkSettings, RegExp, number?][] = [
  ['of the Llama family', plain, /./],
  [
    'taught by another',
    { ...plain, config: shallow, teacher: { name: 'teacher', config: teacher, temperature: 3, share: 0.6 } },
    /embed|down/,
  ],
  [
    'with experts',
    { ...plain, config: { ...shallow, feedForwardSize: 32, experts: { count: 4, perToken: 2 } } },
    /block_sparse|post_attention|q_proj/,
  ],
  [
    'with adapters beside weights that stay',
    { ...plain, config: shallow, adapters: { rank: 16, start: 'zero' }, trained: /lora_/ },
    /lora_/,
    LONG,
  ],
  ['gated by ReLU', { ...plain, config: { ...shallow, activation: 'relu' } }, /mlp/],
];

const teacherWeights = bentWeights(teacher);

describe.each(kinds)('of a network %s', (_, settings, tried, deviation = SHORT) => {
  const parameters = parametersOf(settings.config, settings.adapters).filter(({ name }) => tried.test(name));
  const weights = bentWeights(settings.config, settings.adapters);
  const { losses, gradients } = learn(settings, weights);

  test('losses are those of a float64 network', () => {
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / TOKENS;
    expect(mean / lossOf(settings, weights).text).toBeCloseTo(1, 5);
  });

  test.each(parameters)(
    'the gradient tells what a step changes, in a direction of chance, of $name',
    ({ offset, length }) => {
      const step = new Float32Array(length).map(() => deviation * random.gaussian());
      const moved = (sign: number) => weights.map((w, i) => w + sign * (step[i - offset] ?? 0));
      const [ahead, behind] = [moved(1), moved(-1)];
      const expected = ahead.reduce((sum, value, i) => sum + (value - behind[i]) * gradients[i], 0);
      const size = 2 * deviation * Math.hypot(...gradients.subarray(offset, offset + length));
      const change = lossOf(settings, ahead).learnt - lossOf(settings, behind).learnt;
      expect(Math.abs(change - expected) / size).toBeLessThan(1e-3);
    },
  );
});

/** Far from the start of a training, so that softmax and silu bend and every gradient is large enough to be seen. */
function bentWeights(of: ModelConfig, adapters?: Adapters): Float32Array {
  return initialWeights(of, random, adapters).map((value) => (value === 1 ? 1 + 0.3 * random.gaussian() : 12 * value));
}

function learn(settings: NetworkSettings, weights: Float32Array) {
  const memory = newMemory();
  const training = allocateTraining(memory, settings);
  const kernels = instantiate(new WebAssembly.Module(readFileSync(wasmFile('training', 128))), memory);
  const [shard] = training.shards;
  const floats = (at: number, length: number) => new Float32Array(memory.buffer, at, length);
  floats(training.weights, weights.length).set(weights);
  floats(training.angles, config.contextLength * config.headDim).set(rotaryAngles(config));
  const ints = (at: number) => new Int32Array(memory.buffer, at, TOKENS);
  windows.forEach((window, i) => {
    ints(shard.ids).set(window.subarray(0, -1), i * config.contextLength);
    ints(shard.targets).set(window.subarray(1), i * config.contextLength);
  });
  if (training.teacher !== undefined) {
    floats(training.teacher.weights, teacherWeights.length).set(teacherWeights);
    floats(training.teacher.angles, config.contextLength * config.headDim).set(rotaryAngles(teacher));
  }
  shardOf(kernels, settings, training, 0).learn(1 / TOKENS);
  return {
    losses: lossesOf(floats(shard.losses, 2 * TOKENS)),
    gradients: floats(shard.gradients, weights.length),
  };
}

/** Means over the tokens, in nats, by the reference in float64: of the text, and of all that gradients are taken of. */
function lossOf({ config, teacher, adapters }: NetworkSettings, values: Float32Array) {
  let [text, taught] = [0, 0];
  for (const window of windows) {
    const students = probabilities(config, values, window, 1, adapters);
    for (const [t, target] of window.subarray(1).entries()) text -= Math.log(students[t][target]) / TOKENS;
    if (teacher === undefined) continue;
    const soft = probabilities(config, values, window, teacher.temperature);
    const teachers = probabilities(teacher.config, teacherWeights, window, teacher.temperature);
    const divergences = teachers.map((row, t) => row.reduce((sum, p, i) => sum + p * Math.log(p / soft[t][i]), 0));
    taught += divergences.reduce((sum, divergence) => sum + divergence, 0) / TOKENS;
  }
  if (teacher === undefined) return { text, learnt: text };
  const { share, temperature } = teacher;
  return { text, learnt: (1 - share) * text + share * temperature ** 2 * taught };
}

/** The weights with what adapters add to them. */
function withAdapters(tensors: ReadonlyMap<string, Float32Array>, name: string, adapters?: Adapters): Float32Array {
  const { down, up } = adapterNames(name);
  const [W, A, B] = [tensors.get(name)!, tensors.get(down), tensors.get(up)];
  if (adapters === undefined || A === undefined || B === undefined) return W;
  const { rank } = adapters;
  const K = A.length / rank;
  const sums = W.slice();
  for (let i = 0; i < sums.length; i++) {
    let sum = W[i];
    for (let r = 0; r < rank; r++) sum += B[Math.floor(i / K) * rank + r] * A[r * K + (i % K)];
    sums[i] = sum;
  }
  return sums;
}

/** Of what follows each token of a window. */
function probabilities(
  of: ModelConfig,
  values: Float32Array,
  window: Int32Array,
  temperature: number,
  adapters?: Adapters,
): Float64Array[] {
  const tensors = new Map(
    parametersOf(of, adapters).map(({ name, offset, length }) => [name, values.subarray(offset, offset + length)]),
  );
  const model = { config: of, tensor: (name: string) => withAdapters(tensors, name, adapters) };
  const logits = forwardFloat64(model, [...window.subarray(0, -1)]);
  return Array.from({ length: config.contextLength }, (_, t) => {
    const row = logits.subarray(t * of.vocabularySize, (t + 1) * of.vocabularySize);
    const powers = row.map((logit) => Math.exp(logit / temperature));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map((power) => power / total);
  });
}
