// Whole models held against llama.cpp, where it is installed; those that others wrote, where npm run oracles has brought them.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openLlamaCpp, probeLlamaCpp } from '../backends/peers/llama-cpp.ts';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import type { ModelConfig, ModelWeights, RopeScaling } from '../contract/model.ts';
import { forwardFloat64, type RoundActivations } from '../contract/operations/model-float64.ts';
import { isOfGguf, matrixFormat } from '../inputs/model-files/matrix-format.ts';
import { openModel } from '../inputs/model-files/open-model.ts';
import { writeModel } from '../inputs/model-files/write-model.ts';
import { quantile } from '../statistics/quantile.ts';
import { llamaCppRounding } from './llama-cpp-rounding.fixture.ts';
import { scoreToken } from './score-tokens.ts';
import { SMOLLM2_135M, writeRandomModel } from './write-random-model.ts';

const status = probeLlamaCpp();
if (!status.available) test.skip(`llama.cpp is unavailable here: ${status.reason}`, () => {});

const TEXT =
  'Call me Ishmael. Some “years” ago — never mind how long precisely — having little or no money in my purse';
/** Gives each tensor as it was read first: the reference asks for them again and again. */
function held({ config, tensor }: ModelWeights): ModelWeights {
  const kept = new Map<string, Float32Array>();
  return {
    config,
    tensor(name) {
      const values = kept.get(name) ?? tensor(name);
      kept.set(name, values);
      return values;
    },
  };
}

/** Of float64's predictions from llama.cpp's, at each token of the text, which is cut into stretches of so many tokens. */
async function divergences(path: string, stretch: number, round?: RoundActivations): Promise<number[]> {
  const model = openModel(path);
  const weights = held(model);
  const llama = await openLlamaCpp(path, { threads: 1, capacity: 256, cache: 'f32' });
  const tokens = model.tokenizer.encode(TEXT);
  expect(tokens).toEqual(llama.encode(TEXT));
  const klds: number[] = [];
  for (let from = 0; from < tokens.length; from += stretch) {
    const taken = tokens.slice(from, from + stretch);
    llama.truncate(0);
    await llama.evaluate(Uint32Array.from(taken), 'all');
    const [theirs, ours] = [await llama.readLogits(), forwardFloat64(weights, taken, round)];
    const { vocabularySize } = model.config;
    for (let at = 0; at < ours.length; at += vocabularySize) {
      const [p, q] = [theirs, ours].map((logits) => logits.subarray(at, at + vocabularySize));
      klds.push(scoreToken(p, q, 0).kld);
    }
  }
  await llama.dispose();
  return klds;
}

/** Logits of f32 arithmetic are off by some 1e-6, whose square this is far above. */
const F32_KLD = 1e-9;
/** Tokens that share the fate of the first. */
const SHORT = 4;

/**
 * llama.cpp rounds activations to int8 where weights are quantised. With activations rounded as there predictions are the same,
 * but from a token on where some value lies so near a tie that f32 and float64 round it apart: hence short stretches, of which
 * most know of none.
 */
async function expectSame(path: string, type: string): Promise<void> {
  if (type === 'F32') return expect(Math.max(...(await divergences(path, TEXT.length)))).toBeLessThan(F32_KLD);
  const apart = await divergences(path, SHORT);
  const rounded = await divergences(path, SHORT, llamaCppRounding[type.endsWith('_K') ? 'Q8_K' : 'Q8_0']);
  expect(Math.min(...apart)).toBeGreaterThan(100 * F32_KLD);
  expect(quantile(rounded, 0.5)).toBeLessThan(F32_KLD);
}

describe.runIf(status.available)('models that gguf and ggml wrote', () => {
  const folder = join(import.meta.dirname, '../../.oracles/.models');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^(llama|qwen)/.test(name)) : [];
  if (files.length === 0) test.skip('are brought by npm run oracles', () => {});

  test.each(files)('%s predicts what it does in llama.cpp', async (name) => {
    await expectSame(join(folder, name), name.replace(/^\w+-(\w+)\.gguf$/, '$1'));
  });
});

/** Small enough for float64, and whole blocks of every format. */
const config: ModelConfig = {
  ...SMOLLM2_135M,
  vocabularySize: 320,
  hiddenSize: 256,
  feedForwardSize: 512,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
};

describe.runIf(status.available)('a Hugging Face folder that tare writes as a GGUF file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tare-llama-cpp-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const llama3: RopeScaling = {
    type: 'llama3',
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalContextLength: 64,
  };

  async function written(config: ModelConfig, id: string): Promise<string> {
    writeRandomModel(join(folder, 'model'), config, 1);
    const technique = await loadTechnique(id, [KERNELS_DIR]);
    if (!isOfGguf(technique)) throw new Error(`${id}: must be a format of GGUF`);
    const path = join(folder, 'model.gguf');
    writeModel(path, openModel(join(folder, 'model')), (matrix) => matrixFormat(technique, matrix));
    return path;
  }

  test.each<[string, Partial<ModelConfig>]>([
    ['with two heads to a key', {}],
    ['with a key for each head', { keyValueHeads: 4 }],
    ['with a head of its own', { isHeadTied: false }],
    ['with heads wider than the hidden state', { headDim: 96 }],
    ['with biases of queries, keys, values and after attention', { hasQkvBias: true, hasOutputBias: true }],
    ['with linear scaling', { ropeScaling: { type: 'linear', factor: 4 } }],
    ['with the scaling of Llama 3', { ropeScaling: llama3 }],
    ['of Qwen2', { architecture: 'qwen2', hasQkvBias: true }],
    ['of Qwen3', { architecture: 'qwen3', hasQkNorm: true }],
  ])('%s predicts what it does in llama.cpp', async (_, options) => {
    await expectSame(await written({ ...config, ...options }, 'dense'), 'F32');
  });

  test.each([
    ['q8-0', 'Q8_0'],
    ['q4-0', 'Q4_0'],
    ['q4-k', 'Q4_K'],
    ['q6-k', 'Q6_K'],
  ])('in %s predicts what it does in llama.cpp, with activations that are rounded as there', async (id, type) => {
    await expectSame(await written(config, id), type);
  });
});
