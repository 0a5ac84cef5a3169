import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { operationOf } from '../contract/operations.ts';
import type { Problem } from '../contract/problem.ts';
import { whyNoAdapters } from '../models/packed-case.ts';
import { writeRandomModel } from '../models/write-random-model.ts';
import { modelChoice } from './chosen-model.ts';
import { chosenProblems } from './chosen-problems.ts';
import { mobyFiles, mobyProblem } from './moby.ts';
import { syntheticAttention, useLiteMatmul } from './model-problems.ts';
import { writeF16Safetensors } from './safetensors-write.ts';

const decode = mobyProblem({ phase: 'decode', M: 1, context: 128 });
const prefill = mobyProblem({ phase: 'prefill', M: 128, context: 0 });
const product = useLiteMatmul('layer0.qkv', 64);
const attention = syntheticAttention(1, 1, 8, 4, false);
/** The shipped model stands for one of the user's. */
const model = mobyFiles.path;

function fileOf(content: string | Buffer): string {
  const path = join(mkdtempSync(join(tmpdir(), 'text-')), 'my.txt');
  writeFileSync(path, content);
  return path;
}

describe("--model puts the user's model in the place of the suites'", () => {
  const replace = modelChoice({ model });

  test('whole, at their phases and sizes', () => {
    expect(replace({ ...decode, weights: 'other' })).toEqual([{ ...decode, file: mobyFiles }]);
    expect(replace(prefill)).toMatchObject([{ phase: 'prefill', M: 128, weights: 'moby' }]);
  });

  test('layer by layer, with as many rows as they have; what has no place for weights is left out', () => {
    const layers = replace(product);
    expect(layers).toHaveLength(7 * decode.config.layers + 1);
    expect(layers[0]).toMatchObject({
      op: 'matmul',
      M: 64,
      K: decode.config.hiddenSize,
      weights: 'moby/model.layers.0.self_attn.q_proj.weight',
      model: { layer: 'model.layers.0.self_attn.q_proj.weight' },
    });
    expect(replace(attention)).toEqual([]);
  });

  test('and has weights and sizes of its own', () => {
    expect(() => chosenProblems({ model, shape: [{ M: 1, N: 2, K: 3 }] })).toThrow(
      /^--model: must stand without --shape/,
    );
    const rows = chosenProblems({ model, m: [1, 4096] });
    expect(() => rows?.problems(product)).toThrow(
      /^--model: must take as many tokens as a product has rows, 4096, got \d+ of moby; --m/,
    );
  });
});

test('layers, scale and context are of the suites’ models too, and leave the rest alone', () => {
  const replace = modelChoice({ layers: ['attn', 'ffn'], scale: 8, context: 16 });
  const asked = (problem: Problem) =>
    replace(problem).map((one) => (one.op === 'model' ? [one.layers, one.scale, one.M, one.context] : one.op));
  expect(asked(decode)).toEqual([
    ['attn', 8, 1, 16],
    ['ffn', 8, 1, 16],
  ]);
  expect(asked(prefill)[0]).toEqual(['attn', 8, 128, 0]);
  expect(replace(product)).toEqual([product]);
});

test.each([
  ['a text without a model', { text: mobyFiles.text }, /^--text: must go with --model, got none$/],
  [
    'one file to score and to calibrate on',
    { model, text: mobyFiles.text, calibration: mobyFiles.text },
    /^--calibration: must have no stretch in common with the text that is scored, got ".*"… in both; give another file$/,
  ],
  [
    'a text with the calibration text inside',
    { model, text: fileOf(`My own words. ${readFileSync(mobyFiles.calibration, 'utf8').slice(1000, 9000)}`) },
    /^--calibration: must have no stretch in common/,
  ],
  [
    'a text that is too short',
    { model, text: fileOf('Call me Ishmael.') },
    /^--text: must have at least \d+ tokens to be scored, got \d$/,
  ],
  [
    'a text that is no UTF-8',
    { model, text: fileOf(Buffer.from([0x63, 0xe9])) },
    /^--text: must be text in UTF-8, got/,
  ],
  ['no text', { model, text: 'none.txt' }, /^--text: must be a file that can be read, got ENOENT at none\.txt$/],
])('%s is refused', (_, choice, message) => {
  expect(() => modelChoice(choice)).toThrow(message);
});

test('a context that the model does not go to is refused', () => {
  expect(() => modelChoice({ context: 100_000 })(decode)).toThrow(
    /^--context: must be at most \d+, .* moby goes, got 100000$/,
  );
});

describe('--draft gives a smaller model to those that generate', () => {
  const generate = mobyProblem({ phase: 'generate', M: 64, context: 128 });

  test('and to no others', () => {
    const replace = modelChoice({ draft: model });
    expect(replace(generate)).toMatchObject([{ draft: { name: 'moby', path: model } }]);
    expect(replace(decode)).toEqual([decode]);
  });

  test('which must have the same tokens and take as many', () => {
    const folder = mkdtempSync(join(tmpdir(), 'draft-'));
    writeRandomModel(folder, decode.config, 1);
    expect(() => modelChoice({ draft: folder })(generate)).toThrow(
      /^--draft: must have the tokens of moby, got those of/,
    );
    expect(() => modelChoice({ draft: model, context: 193 })(generate)).toThrow(/^--context: must be at most 192/);
  });
});

describe('--adapters gives models what was learned beside their weights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tare-lora-'));
  const layer = 'base_model.model.model.layers.0.self_attn.q_proj';
  const zeros = (N: number, K: number) => ({ shape: [N, K], values: new Float32Array(N * K) });
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 2 }));
  writeF16Safetensors(join(folder, 'adapter_model.safetensors'), {
    [`${layer}.lora_A.weight`]: zeros(2, 256),
    [`${layer}.lora_B.weight`]: zeros(256, 2),
  });

  test('and their cases the name of the folder; planted outliers go without', () => {
    const [problem] = modelChoice({ adapters: folder })(decode);
    expect(problem).toMatchObject({ file: { adapters: { name: basename(folder), path: folder } } });
    expect(operationOf('model').identity(problem as typeof decode)).toMatchObject({ adapters: basename(folder) });
    const outliers = mobyProblem({ phase: 'prefill', M: 8, context: 0 }, true);
    expect(modelChoice({ adapters: folder })(outliers)).toMatchObject([{ file: outliers.file }]);
  });

  test('which must be a folder of them', () => {
    expect(() => modelChoice({ adapters: '/nowhere' })(decode)).toThrow(
      /^\/nowhere\/adapter_config.json: must be a readable file, got ENOENT/,
    );
  });

  test('without which nothing that was learned can be added', () => {
    expect(whyNoAdapters(decode, { correction: 'learned' })).toMatch(/--adapters names a folder$/);
    expect(whyNoAdapters(decode, { correction: 'svd' })).toBeUndefined();
  });
});

describe('--datastore gives models a text that is looked up', () => {
  test('of which the scored and the calibration text know nothing', () => {
    const mine = fileOf('A text that stands nowhere else. '.repeat(20));
    expect(modelChoice({ datastore: mine })(decode)).toMatchObject([{ file: { ...mobyFiles, datastore: mine } }]);
    for (const flag of ['text', 'calibration'] as const)
      expect(() => modelChoice({ datastore: mobyFiles[flag] })(decode)).toThrow(
        new RegExp(`^--datastore: must have no stretch in common with the text of --${flag}, got `),
      );
  });

  test('which must be there and hold something', () => {
    expect(() => modelChoice({ datastore: fileOf(' \n') })(decode)).toThrow(
      /^--datastore: must have tokens, got an empty text/,
    );
    expect(() => modelChoice({ datastore: '/nowhere.txt' })(decode)).toThrow(
      /^--datastore: must be a file that can be read/,
    );
  });
});
