// SmolLM2-135M-Instruct in tare and in llama.cpp, where npm run oracles has brought both.
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LlamaCppModel, openLlamaCpp, probeLlamaCpp } from '../backends/peers/llama-cpp.ts';
import { openWasm } from '../backends/wasm.ts';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import type { Score } from '../contract/case-result.ts';
import { openModel } from '../inputs/model-files/open-model.ts';
import { f32, writeModel } from '../inputs/model-files/write-model.ts';
import { calibrationSentences } from '../inputs/use-lite/calibration-sentences.ts';
import { generate } from './generate.ts';
import { packModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import type { RunningModel } from './running-model.ts';
import { scoreOf, scoreToken, type TokenScore } from './score-tokens.ts';

const GGUF = join(import.meta.dirname, '../../.oracles/.models/SmolLM2-135M-Instruct.Q4_1.gguf');
const status = probeLlamaCpp();
const isHere = status.available && existsSync(GGUF);
if (!isHere) test.skip('SmolLM2-135M-Instruct and llama.cpp are brought by npm run oracles', () => {});

const STRETCH = 512;
const PROMPTS = ['Once upon a time', 'The capital of France is', 'Water boils at'];
/** Of a prompt, that follow. */
const FOLLOWING = 64;

describe.runIf(isHere)('SmolLM2-135M-Instruct', () => {
  const inF32 = join(tmpdir(), 'SmolLM2-135M-Instruct.F32.gguf');
  const model = isHere ? openModel(GGUF) : undefined!;
  const ids = isHere ? model.tokenizer.encode(calibrationSentences.join(' ')) : [];
  let tare: RunningModel;
  let decoding: RunningModel;
  let llama: LlamaCppModel;
  let llamaInF32: LlamaCppModel;

  beforeAll(async () => {
    const dense = await loadTechnique('dense', [KERNELS_DIR]);
    const packed = packModel(model, dense, () => undefined);
    const runtime = await openWasm(128, 2);
    writeModel(inF32, model, () => f32);
    const options = { threads: 1, capacity: STRETCH, cache: 'f32' } as const;
    const placement = { kind: 'wasm', runtime, capacity: STRETCH } as const;
    tare = await placeModel(packed, { ...placement, maxRows: STRETCH });
    decoding = await placeModel(packed, { ...placement, maxRows: 1 });
    llama = await openLlamaCpp(GGUF, options);
    llamaInF32 = await openLlamaCpp(inF32, options);
  });

  afterAll(async () => {
    for (const each of [tare, decoding, llama, llamaInF32]) await each.dispose();
    rmSync(inF32);
  });

  const byTare = async (tokens: readonly number[]) => {
    tare.truncate(0);
    return tare.forward(tokens, 'all');
  };
  /** Logits of a text's beginning, of which llama.cpp is given so many tokens at once. */
  const byLlamaCpp = (other: LlamaCppModel, atOnce: number) => async (tokens: readonly number[]) => {
    const logits = new Float32Array(tokens.length * model.config.vocabularySize);
    other.truncate(0);
    for (let from = 0; from < tokens.length; from += atOnce) {
      await other.evaluate(Uint32Array.from(tokens.slice(from, from + atOnce)), 'all');
      logits.set(await other.readLogits(), from * model.config.vocabularySize);
    }
    return logits;
  };

  /** One's predictions of as many tokens of the text beside another's. */
  async function scored(one: typeof byTare, other: typeof byTare, count: number): Promise<Score> {
    const { vocabularySize } = model.config;
    const scores: TokenScore[] = [];
    for (let from = 0; from < count; from += STRETCH) {
      const taken = ids.slice(from, Math.min(from + STRETCH, count));
      const [theirs, ours] = [await other(taken), await one(taken)];
      for (let i = 0; i < taken.length; i++) {
        const [p, q] = [theirs, ours].map((logits) => logits.subarray(i * vocabularySize, (i + 1) * vocabularySize));
        scores.push(scoreToken(p, q, ids[from + i + 1]));
      }
    }
    return scoreOf(scores, 0);
  }

  test('texts are cut into the same tokens', () => {
    const texts = [
      calibrationSentences.join(' '),
      'Naïve “quotes”… 1234567 €\n\n\tdef f(x): # 日本語 🐳',
      "don't I'll  two",
    ];
    for (const text of texts) expect(model.tokenizer.encode(text)).toEqual(llama.encode(text));
  });

  test('with its weights in f32 it predicts what it does in llama.cpp', async () => {
    const { kldMax, sameTopPct } = await scored(byTare, byLlamaCpp(llamaInF32, STRETCH), 256);
    expect(kldMax).toBeLessThan(1e-6);
    expect(sameTopPct).toBe(100);
  });

  // llama.cpp rounds activations to int8 beside Q4_1. What a sum's order changes moves some over a tie, and all that follows.
  test('as it is, hardly more lies between the two than between llama.cpp and llama.cpp given one token at a time', async () => {
    const whole = byLlamaCpp(llama, STRETCH);
    const apart = await scored(byTare, whole, 256);
    const within = await scored(byLlamaCpp(llama, 1), whole, 256);
    expect(apart.kldMean).toBeLessThan(2 * within.kldMean!);
    expect(apart.kldMean).toBeLessThan(0.005);
    expect(apart.sameTopPct).toBeGreaterThan(95);
    expect(apart.pplRatio).toBeCloseTo(1, 1);
  }, 300_000);

  test.each(PROMPTS)(
    '“%s” goes on as it does in llama.cpp, but where two tokens are nearly as likely there',
    async (prompt) => {
      const tokens = model.tokenizer.encode(prompt);
      decoding.truncate(0);
      const ours = generate(decoding, tokens, FOLLOWING);
      expect(model.tokenizer.decode(await following(llamaInF32, tokens, ours))).toBe(model.tokenizer.decode(ours));
      const theirs = await following(llama, tokens, ours);
      if (theirs.length === FOLLOWING) return;
      const logits = await llama.readLogits();
      const [likeliest, other] = [theirs.at(-1)!, ours[theirs.length - 1]].map((token) => probability(logits, token));
      expect(likeliest - other).toBeLessThan(0.03);
    },
  );
});

/** Llama.cpp's own likeliest tokens, up to the first that is not expected. */
async function following(
  llama: LlamaCppModel,
  tokens: readonly number[],
  expected: readonly number[],
): Promise<number[]> {
  llama.truncate(0);
  const chosen: number[] = [];
  let next = tokens;
  do {
    await llama.evaluate(Uint32Array.from(next), 'last');
    chosen.push(indexOfLargest(await llama.readLogits()));
    next = chosen.slice(-1);
  } while (chosen.length < expected.length && next[0] === expected[chosen.length - 1]);
  return chosen;
}

function probability(logits: Float32Array, token: number): number {
  const largest = logits[indexOfLargest(logits)];
  return Math.exp(logits[token] - largest) / logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
