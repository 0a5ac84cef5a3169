import { expect, test } from 'vitest';
import type { Tokenizer } from '../contract/model.ts';
import { windowsOf } from './text-windows.ts';

/** A token a letter; the model wants 99 before a text. */
const letters: Tokenizer = {
  encode: (text) => [99, ...Array.from(text, (_, i) => i)],
  decode: () => '',
};
const text = (length: number) => 'x'.repeat(length);

test('each token but those of the first half window is predicted once, from half a window at least', () => {
  const windows = windowsOf(text(500), letters, 64, 1000, '--text');
  expect(windows.flatMap(({ predicted }) => predicted)).toEqual(Array.from({ length: 468 }, (_, i) => 32 + i));
  for (const { before, predicted } of windows) {
    expect(before).toHaveLength(32);
    expect(before[0]).toBe(99);
    expect(before.at(-1)).toBe(predicted[0] - 1);
    expect(before.length + predicted.length).toBeLessThanOrEqual(64);
  }
});

test('no more is predicted than was asked for', () => {
  const windows = windowsOf(text(5000), letters, 64, 330, '--text');
  expect(windows.flatMap(({ predicted }) => predicted)).toHaveLength(330);
});

test('a text that is too short is refused with the tokens it needs', () => {
  expect(() => windowsOf(text(351), letters, 64, 1000, '--text')).toThrow(
    '--text: must have at least 352 tokens to be scored, got 351',
  );
  expect(windowsOf(text(352), letters, 64, 1000, '--text')).toHaveLength(10);
});
