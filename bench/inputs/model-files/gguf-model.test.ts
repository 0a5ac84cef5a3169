// A file that the gguf package wrote: `npm run oracles` makes it anew.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openModel } from './open-model.ts';
import sums from './small-llama-sums.json' with { type: 'json' };

const model = openModel(join(import.meta.dirname, 'small-llama.gguf'));

test('metadata of a GGUF file become a configuration', () => {
  expect(model.name).toBe('small-llama');
  expect(model.config).toEqual({
    architecture: 'llama',
    vocabularySize: 13,
    hiddenSize: 64,
    feedForwardSize: 96,
    layers: 1,
    heads: 4,
    keyValueHeads: 2,
    headDim: 16,
    normEpsilon: Math.fround(1e-5),
    contextLength: 128,
    ropeTheta: 20000,
    ropeScaling: undefined,
    isHeadTied: false,
    hasQkvBias: false,
    hasOutputBias: false,
    hasQkNorm: false,
    activation: 'silu',
  });
});

test.each(Object.entries(sums))(
  '%s has the values that were written, in rows as Hugging Face has them',
  (name, sum) => {
    const hash = createHash('sha256')
      .update(new Uint8Array(model.tensor(name).buffer))
      .digest('hex');
    expect(hash).toBe(sum);
  },
);

test('the tokenizer in the file puts its token of beginning before a text, and leaves it out again', () => {
  expect(model.tokenizer.encode('abc d<|end|>a')).toEqual([0, 11, 12, 0, 1]);
  expect(model.tokenizer.decode([0, 11, 12, 0, 1])).toBe('abc d<|end|>a');
  expect(model.tokenizer.decode([])).toBe('');
});

test('a tensor that the model has not is a mistake of the caller', () => {
  expect(() => model.tensor('lm_head.bias')).toThrow(/tensor must be one of the model's, got lm_head\.bias/);
});

test('rows that tokens are looked up in are those of the embedding', () => {
  const embedding = model.tensor('model.embed_tokens.weight');
  const rows = [12, 0, 12].flatMap((token) => [...embedding.subarray(64 * token, 64 * (token + 1))]);
  expect([...model.lookUp!([12, 0, 12])]).toEqual(rows);
});
