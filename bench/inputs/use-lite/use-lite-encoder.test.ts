import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { readUseLiteWeights } from './use-lite.ts';
import { encodeUseLite, useLiteTokens } from './use-lite-encoder.ts';
import { attentionInputs, type UseLiteTrace } from './use-lite-layers.ts';
import { useLiteMatrix, useLiteMatrixNames } from './use-lite-matrices.ts';

interface Golden {
  readonly sentences: readonly { text: string; tokenIds: number[]; embedding: number[] }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL('use-lite-embeddings.golden.json', import.meta.url), 'utf8'));
const texts = golden.sentences.map(({ text }) => text);
const WIDTH = 512;

let trace: UseLiteTrace;
beforeAll(() => {
  trace = encodeUseLite(texts);
});

describe('encodeUseLite', () => {
  test.each(golden.sentences)('tokenises «$text» as the published tokeniser does', ({ text, tokenIds }) => {
    // The graph drops what follows the 128th token; the tokeniser does not.
    expect(useLiteTokens([text])).toEqual([tokenIds.slice(0, 128)]);
  });

  test.each(golden.sentences.map(({ text, embedding }, s) => ({ text, embedding, s })))(
    'embeds «$text» as the published tfjs model does',
    ({ embedding, s }) => {
      // Entries are about 0.05 and the published graph runs in float32 (2⁻²⁴ ≈ 6e-8 relative) over some 20 roundings.
      for (const [i, value] of embedding.entries()) {
        expect(Math.abs(trace.embeddings[s * WIDTH + i] - value)).toBeLessThan(1e-6);
      }
    },
  );

  test('keeps a row per token for each matrix, and a row per sentence for the last', () => {
    const tokens = trace.rowStart[texts.length];
    for (const name of useLiteMatrixNames) {
      const rows = name === 'tanh' ? texts.length : tokens;
      expect(trace.inputs[name].length, name).toBe(rows * useLiteMatrix(name).K);
    }
  });

  test.each([0, 1] as const)('keeps as layer %d’s rows what W multiplies', (layer) => {
    const { N, K } = useLiteMatrix(`layer${layer}.qkv`);
    const W = readUseLiteWeights(`layer${layer}.qkv`);
    const X = trace.inputs[`layer${layer}.qkv`];
    const [a, b] = [3, 77];
    for (const n of [0, 1, N - 1]) {
      let difference = 0;
      for (let k = 0; k < K; k++) difference += (X[a * K + k] - X[b * K + k]) * W[n * K + k];
      // The bias cancels out between two rows.
      expect(trace.qkv[layer][a * N + n] - trace.qkv[layer][b * N + n]).toBeCloseTo(difference, 10);
    }
  });

  test('does not let one sentence look at another', () => {
    const alone = encodeUseLite([texts[0]]);
    expect(alone.embeddings).toEqual(trace.embeddings.subarray(0, WIDTH));
  });

  test('gives a sentence without tokens the embedding of the bias alone', () => {
    const { embeddings, rowStart } = encodeUseLite(['', 'No']);
    expect(rowStart).toEqual([0, 0, 1]);
    expect(Math.hypot(...embeddings.subarray(0, WIDTH))).toBeCloseTo(1, 12);
  });
});

describe('attentionInputs', () => {
  test.each([
    { layer: 0, headDim: 64 },
    { layer: 1, headDim: 128 },
  ] as const)('give layer $layer’s output matrix its input again through softmax(QKᵀ/√d)·V', ({ layer, headDim }) => {
    const seqLen = trace.rowStart[2] - trace.rowStart[1];
    const { heads, Q, K, V, ...rest } = attentionInputs(trace, layer, 1, seqLen);
    expect(rest.headDim).toBe(headDim);
    const row = trace.inputs[`layer${layer}.out`].subarray(trace.rowStart[1] * heads * headDim);
    for (const h of [0, heads - 1]) {
      const at = (t: number) => (h * seqLen + t) * headDim;
      const query = Q.subarray(at(0), at(0) + headDim);
      const scores = Array.from({ length: seqLen }, (_, t) => query.reduce((sum, q, d) => sum + q * K[at(t) + d], 0));
      const exp = scores.map((score) => Math.exp(score / Math.sqrt(headDim)));
      const total = exp.reduce((a, b) => a + b);
      for (let d = 0; d < headDim; d++) {
        const mixed = exp.reduce((sum, e, t) => sum + (e / total) * V[at(t) + d], 0);
        // Q, K and V were rounded to float32: 2⁻²⁴ relative on values of about 1 to 10.
        expect(mixed).toBeCloseTo(row[h * headDim + d], 5);
      }
    }
  });
});
