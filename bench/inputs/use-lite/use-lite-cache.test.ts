import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sentences } from './sentences.ts';
import { readUseLiteWeights } from './use-lite.ts';
import {
  type CacheSource,
  useLiteActivations,
  useLiteAttention,
  useLiteCalibration,
  useLiteWeights,
} from './use-lite-cache.ts';
import { ensureUseLiteCache } from './use-lite-cache-build.ts';
import { encodeUseLite, useLiteTokens } from './use-lite-encoder.ts';
import { attentionInputs, type UseLiteTrace } from './use-lite-layers.ts';
import { USE_LITE_TOKENS } from './use-lite-matrices.ts';

// The second is the longest, of 6 tokens; there are 14 in all.
const few = ['Seven geese.', 'Nobody answered the door.', 'Goal!'];
const others = ['Seven swans were swimming.'];
let root: string;
let source: CacheSource;
let trace: UseLiteTrace;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tare-cache-'));
  source = { roots: [root], sentences: few, calibrationSentences: others };
  trace = encodeUseLite(few);
  ensureUseLiteCache(source);
});
afterAll(() => rmSync(root, { recursive: true }));

describe('sentences', () => {
  test('hold enough tokens for M = 512 and one sentence that fills the encoder', () => {
    const lengths = useLiteTokens(sentences).map((ids) => ids.length);
    expect(lengths.reduce((a, b) => a + b)).toBe(USE_LITE_TOKENS);
    expect(lengths.toSorted((a, b) => b - a).slice(0, 2)).toEqual([128, 79]);
  });
});

describe('cache of the bundled model', () => {
  test('gives the first M rows that enter a matrix', () => {
    expect(useLiteActivations('layer1.fc2', 5, source)).toEqual(
      Float32Array.from(trace.inputs['layer1.fc2'].subarray(0, 5 * 1536)),
    );
    expect(useLiteActivations('tanh', 3, source)).toEqual(Float32Array.from(trace.inputs.tanh));
  });

  test('gives as the one row the middle token of the longest sentence', () => {
    const row = trace.rowStart[1] + 3;
    expect(useLiteActivations('dense', 1, source)).toEqual(
      Float32Array.from(trace.inputs.dense.subarray(row * 256, (row + 1) * 256)),
    );
    expect(useLiteActivations('tanh', 1, source)).toEqual(Float32Array.from(trace.inputs.tanh.subarray(512, 1024)));
  });

  test('gives of the calibration sentences what no measured one brings in too', () => {
    const calibration = encodeUseLite(others).inputs;
    const tokens = calibration.dense.length / 256;
    expect(useLiteCalibration('layer1.fc2', source)).toEqual({
      X: Float32Array.from(calibration['layer1.fc2']),
      rows: tokens,
    });
    // Before any attention, the two tokens of «Seven» are the same rows at the beginning of any sentence.
    expect(useLiteCalibration('dense', source)).toEqual({
      X: Float32Array.from(calibration.dense.subarray(2 * 256)),
      rows: tokens - 2,
    });
    expect(() => useLiteCalibration('dance', source)).toThrow(/^use-lite: matrix must be one of/);
  });

  test('gives Q, K and V of the longest sentence’s first tokens', () => {
    expect(useLiteAttention(0, 4, source)).toEqual(attentionInputs(trace, 0, 1, 4));
    expect(useLiteAttention(1, 6, source)).toEqual(attentionInputs(trace, 1, 1, 6));
  });

  test('says how many rows there are when asked for more, fewer or parts of one', () => {
    expect(() => useLiteActivations('dense', 1024, source)).toThrow(
      'activations: M must be from 1 to 14 for use-lite/dense, got 1024',
    );
    expect(() => useLiteActivations('dense', 0, source)).toThrow(/got 0$/);
    expect(() => useLiteActivations('dense', 1.5, source)).toThrow(/got 1.5$/);
    expect(() => useLiteActivations('dance', 1, source)).toThrow(/^use-lite: matrix must be one of/);
    expect(() => useLiteAttention(0, 7, source)).toThrow('attention: seqLen must be from 1 to 6 for use-lite, got 7');
  });

  test('gives the matrices as they are in the model', () => {
    expect(useLiteWeights('layer1.fc2', source)).toEqual(readUseLiteWeights('layer1.fc2'));
  });

  test('does not give damaged arrays, and makes them again when ensured', () => {
    const file = join(ensureUseLiteCache(source), 'dense.x.f32');
    const row = useLiteActivations('dense', 1, source);
    truncateSync(file, 100);
    expect(() => useLiteActivations('dense', 1, source)).toThrow(
      'cache: must be whole, got no dense.x; start the run again',
    );
    ensureUseLiteCache(source);
    expect(useLiteActivations('dense', 1, source)).toEqual(row);
  });

  test('keeps other sentences under another name', () => {
    const other = { ...source, sentences: ['Goal!'] };
    expect(ensureUseLiteCache(other)).not.toBe(ensureUseLiteCache(source));
    expect(useLiteActivations('tanh', 1, other).length).toBe(512);
  });

  test('keeps other calibration sentences under another name, since methods choose by them', () => {
    const other = { ...source, calibrationSentences: ['Goal!'] };
    expect(ensureUseLiteCache(other)).not.toBe(ensureUseLiteCache(source));
  });

  test('stands in the first folder that can be written, and says so when none can', () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    const second = join(root, 'second');
    mkdirSync(second);
    const fallen = { ...source, roots: [join(file, 'cache'), second], sentences: ['Goal!'] };
    expect(ensureUseLiteCache(fallen).startsWith(second)).toBe(true);
    expect(() => ensureUseLiteCache({ ...source, roots: [join(file, 'cache')] })).toThrow(
      /^cache: one folder must be writable, got none of/,
    );
  });

  test('is whole after several processes made it at once', async () => {
    const shared = { ...source, roots: [join(root, 'shared')], sentences: ['Goal!'] };
    const module = new URL('use-lite-cache-build.ts', import.meta.url).href;
    const code = `import('${module}').then((m) => console.log(m.ensureUseLiteCache(${JSON.stringify(shared)})))`;
    const runs = await Promise.all([1, 2, 3].map(() => promisify(execFile)(process.execPath, ['-e', code])));
    expect(new Set(runs.map(({ stdout }) => stdout.trim()))).toEqual(new Set([ensureUseLiteCache(shared)]));
    expect(readdirSync(join(root, 'shared')).length).toBe(1);
  });
});
