// Whole models held against llama.cpp, where it is installed; those that others wrote, where npm run oracles has brought them.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLlamaCpp, probeLlamaCpp } from '../backends/peers/llama-cpp.ts';
import type { ModelWeights } from '../contract/model.ts';
import { forwardFloat64, type RoundActivations } from '../contract/operations/model-float64.ts';
import { openModel } from '../inputs/model-files/open-model.ts';
import { llamaCppRounding } from './llama-cpp-rounding.fixture.ts';
import { scoreToken } from './score-tokens.ts';

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

/** KLD of the float64 forward's predictions from llama.cpp's of the same file, at each token of the text. */
async function divergences(path: string, round?: RoundActivations): Promise<number[]> {
  const model = openModel(path);
  const llama = await openLlamaCpp(path, { threads: 1, capacity: 256, cache: 'f32' });
  const tokens = model.tokenizer.encode(TEXT);
  expect(tokens).toEqual(llama.encode(TEXT));
  await llama.evaluate(Uint32Array.from(tokens), 'all');
  const theirs = await llama.readLogits();
  await llama.dispose();
  const ours = forwardFloat64(held(model), tokens, round);
  const row = <Logits extends Float32Array | Float64Array>(logits: Logits, i: number) =>
    logits.subarray(i * model.config.vocabularySize, (i + 1) * model.config.vocabularySize);
  return tokens.map((_, i) => scoreToken(row(theirs, i), row(ours, i), 0).kld);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Logits of f32 arithmetic are off by some 1e-6, whose square this is far above. */
const F32_KLD = 1e-9;

/**
 * llama.cpp multiplies quantised weights with activations that it rounds to int8. With the same rounding predictions are the same
 * up to the token where a value lies so near a tie that f32 and float64 round it apart; so rounding must explain most of what
 * is between the two.
 */
async function expectSame(path: string, type: string): Promise<void> {
  const apart = await divergences(path);
  if (type === 'F32') return expect(Math.max(...apart)).toBeLessThan(F32_KLD);
  const rounded = await divergences(path, llamaCppRounding[type.endsWith('_K') ? 'Q8_K' : 'Q8_0']);
  expect(Math.min(...rounded)).toBeLessThan(F32_KLD);
  expect(mean(rounded)).toBeLessThan(mean(apart) / 3);
}

describe.runIf(status.available)('models that gguf and ggml wrote', () => {
  const folder = join(import.meta.dirname, '../../.oracles/.models');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^(llama|qwen)/.test(name)) : [];
  if (files.length === 0) test.skip('are brought by npm run oracles', () => {});

  test.each(files)('%s predicts what it does in llama.cpp', async (name) => {
    await expectSame(join(folder, name), name.replace(/^\w+-(\w+)\.gguf$/, '$1'));
  });
});
