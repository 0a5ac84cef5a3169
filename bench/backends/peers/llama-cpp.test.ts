import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLlamaCpp, probeLlamaCpp } from './llama-cpp.ts';

const status = probeLlamaCpp();
const GGUF = join(import.meta.dirname, '../../inputs/model-files/small-llama.gguf');
const options = { threads: 1, capacity: 64, cache: 'f32' } as const;
const tokens = Uint32Array.of(3, 1, 4, 1, 5, 9, 2, 6);

test('where it is missing, it says how to get it', () => {
  expect(probeLlamaCpp(tmpdir())).toMatchObject({ reason: expect.stringContaining('npm run llama-cpp:install') });
});

if (!status.available) test.skip(`llama.cpp is unavailable here: ${status.reason}`, () => {});

describe.runIf(status.available)('a GGUF file in llama.cpp', () => {
  test('gives the same logits whether tokens come at once, one at a time or after others are forgotten', async () => {
    const model = await openLlamaCpp(GGUF, options);
    await model.evaluate(tokens, 'all');
    const all = await model.readLogits();
    const last = all.subarray((all.length / tokens.length) * (tokens.length - 1));
    const difference = async () => {
      const logits = await model.readLogits();
      expect(logits.length).toBe(last.length);
      return Math.max(...logits.map((logit, i) => Math.abs(logit - last[i])));
    };
    model.truncate(0);
    for (const token of tokens) await model.evaluate(Uint32Array.of(token), 'last');
    expect(await difference()).toBeLessThan(1e-4);
    expect(model.length).toBe(tokens.length);
    model.truncate(5);
    await model.evaluate(tokens.subarray(5), 'last');
    expect(await difference()).toBeLessThan(1e-4);
    await model.dispose();
  });

  test('splits text without tokens before or after it', async () => {
    const model = await openLlamaCpp(GGUF, options);
    expect(model.encode('abcd')).toEqual([11, 4]);
    await model.dispose();
  });

  test('is refused in a line where it is none', async () => {
    const path = join(tmpdir(), 'no.gguf');
    writeFileSync(path, 'not a model');
    await expect(openLlamaCpp(path, options)).rejects.toThrow(/^\S+no\.gguf: llama\.cpp must be able to read it, got /);
  });
});
