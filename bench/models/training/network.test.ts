import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { wasmFile } from '../../backends/wasm-file.ts';
import { type Exports, instantiate } from '../../backends/wasm-instance.ts';
import { newMemory } from '../../backends/wasm-memory.ts';
import type { ModelConfig } from '../../contract/model.ts';
import { seededRandom } from '../../statistics/random.ts';
import { float64Loss } from './float64-loss.fixture.ts';
import { allocateTraining, type TrainingMemory } from './memory.ts';
import { network, rotaryAngles } from './network.ts';
import { initialWeights, type Parameter, parametersOf } from './parameters.ts';
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
};
const SEQUENCES = 3;
const TOKENS = SEQUENCES * config.contextLength;

const parameters = parametersOf(config);
const random = seededRandom(3);
/** Far from the start of a training, so that softmax and silu bend and every gradient is large enough to be seen. */
const weights = initialWeights(config, random).map((value) => (value === 1 ? 1 + 0.3 * random.gaussian() : 12 * value));
const windows = Array.from({ length: SEQUENCES }, () =>
  Int32Array.from({ length: config.contextLength + 1 }, () => random.uint32() % config.vocabularySize),
);

let memory: WebAssembly.Memory;
let training: TrainingMemory;
let kernels: Exports;
let losses: Float32Array;
let gradients: Float32Array;

beforeAll(() => {
  memory = newMemory();
  training = allocateTraining(memory, config, { shards: 1, sequences: SEQUENCES });
  kernels = instantiate(new WebAssembly.Module(readFileSync(wasmFile('training', 128))), memory);
  const [shard] = training.shards;
  const floats = (at: number, length: number) => new Float32Array(memory.buffer, at, length);
  floats(training.weights, weights.length).set(weights);
  floats(training.angles, config.contextLength * config.headDim).set(rotaryAngles(config));
  const ints = (at: number) => new Int32Array(memory.buffer, at, TOKENS);
  windows.forEach((window, i) => {
    ints(shard.ids).set(window.subarray(0, -1), i * config.contextLength);
    ints(shard.targets).set(window.subarray(1), i * config.contextLength);
  });
  const { forward, backward } = network(kernels, config, training, shard, SEQUENCES);
  forward(1 / TOKENS);
  backward();
  losses = lossesOf(floats(shard.losses, 2 * TOKENS));
  gradients = floats(shard.gradients, weights.length);
});

function lossOf(values: ArrayLike<number>): number {
  const tensors = new Map(parameters.map((parameter) => [parameter.name, rowsOf(parameter, values)]));
  return windows.reduce((total, window) => total + float64Loss(config, tensors, window), 0) / SEQUENCES;
}

function rowsOf({ shape, offset, length }: Parameter, values: ArrayLike<number>): number[][] {
  const columns = shape[shape.length - 1];
  const flat = Array.from({ length }, (_, i) => values[offset + i]);
  return Array.from({ length: length / columns }, (_, r) => flat.slice(r * columns, (r + 1) * columns));
}

/** The slope of the float64 loss along a direction, by a central difference. */
function slopeAlong(direction: Float64Array): number {
  const step = 1e-5;
  const moved = (sign: number) => lossOf(Float64Array.from(weights, (value, i) => value + sign * step * direction[i]));
  return (moved(1) - moved(-1)) / (2 * step);
}

test('losses are those of a float64 network', () => {
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / TOKENS;
  expect(mean / lossOf(weights)).toBeCloseTo(1, 5);
});

describe('the gradient is the slope of the float64 loss, along a direction of chance in', () => {
  test.each(parameters)('$name', ({ offset, length }) => {
    const direction = new Float64Array(weights.length);
    for (let i = offset; i < offset + length; i++) direction[i] = random.gaussian();
    const slope = direction.reduce((sum, value, i) => sum + value * gradients[i], 0);
    const size = Math.hypot(...gradients.subarray(offset, offset + length));
    expect(size).toBeGreaterThan(1e-4);
    expect(Math.abs(slope - slopeAlong(direction)) / size).toBeLessThan(1e-3);
  });
});
