import { expect, test } from 'vitest';
import type { Tokenizer } from '../contract/model.ts';
import type { RunningModel } from './running-model.ts';
import { scoreWindows, windowsOf } from './score-text.ts';

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

/** Predicts of each token the one after it; keeps what it was given. */
function counting() {
  const taken: number[] = [];
  const model: RunningModel = {
    forward(tokens, want) {
      taken.push(...tokens);
      const rows = want === 'all' ? tokens : tokens.slice(-1);
      return Float32Array.from(
        rows.flatMap((token) => Array.from({ length: 512 }, (_, i) => (i === token + 1 ? 9 : 0))),
      );
    },
    get length() {
      return taken.length;
    },
    truncate(length) {
      taken.length = length;
    },
    stretch() {},
    kvCacheBytes: 0,
    workspaceBytes: 0,
    dispose() {},
  };
  return { model, taken };
}

test('logits are held against the tokens that follow', () => {
  const [dense, candidate] = [counting(), counting()];
  const windows = windowsOf(text(400), letters, 64, 1000, '--text');
  const scores = scoreWindows(dense.model, candidate.model, windows);
  expect(scores).toHaveLength(368);
  // Of 512 logits one is 9: ln(1 + 511 e⁻⁹).
  for (const { denseNll, nll } of scores) expect([denseNll, nll]).toEqual([nll, expect.closeTo(0.0612, 3)]);
  const last = windows.at(-1);
  expect(candidate.taken).toEqual([...(last?.before ?? []), ...(last?.predicted ?? [])].slice(0, -1));
});
