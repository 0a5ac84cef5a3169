import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { mobyFiles } from '../../inputs/moby.ts';
import { openModel } from '../../inputs/model-files/open-model.ts';
import { windowTokens } from '../../inputs/text-windows.ts';
import { bytesOfEntry, bytesOfWeights, cutForBytes } from './cut-for-bytes.ts';

const moby = openModel(mobyFiles.path);
const text = readFileSync(mobyFiles.calibration, 'utf8');

test('a model and the text beside it come to the bytes of a larger one, but for the last word', () => {
  const small = { ...moby, config: { ...moby.config, feedForwardSize: 480 } };
  const cut = cutForBytes(text, small, moby.config);
  expect(text.startsWith(cut)).toBe(true);
  const entries = moby.tokenizer.encode(cut).length - windowTokens(small.config) / 2;
  const left = bytesOfWeights(moby.config) - bytesOfWeights(small.config) - entries * bytesOfEntry(small.config);
  expect(left).toBeGreaterThanOrEqual(0);
  expect(left).toBeLessThan(16 * bytesOfEntry(small.config));
});

test('a model that is no smaller, and a text that is too short, are told', () => {
  expect(() => cutForBytes(text, moby, moby.config)).toThrow(/^moby: must be smaller/);
  const tiny = { ...moby, config: { ...moby.config, layers: 1 } };
  expect(() => cutForBytes('few words', tiny, moby.config)).toThrow(/^text: must have \d+ tokens, got 4/);
});
