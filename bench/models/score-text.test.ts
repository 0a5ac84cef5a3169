import { expect, test } from 'vitest';
import type { RunningModel } from './running-model.ts';
import { scoreWindows } from './score-text.ts';

const count = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
/** Longer than the logits that are held at once. */
const windows = [
  { before: [99, ...count(1, 10)], predicted: count(10, 50) },
  { before: [99, ...count(41, 50)], predicted: count(50, 55) },
];

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
  const scores = scoreWindows(dense.model, candidate.model, windows);
  expect(scores).toHaveLength(45);
  // Of 512 logits one is 9: ln(1 + 511 e⁻⁹).
  for (const { denseNll, nll } of scores) expect([denseNll, nll]).toEqual([nll, expect.closeTo(0.0612, 3)]);
  const last = windows.at(-1);
  expect(candidate.taken).toEqual([...(last?.before ?? []), ...(last?.predicted ?? [])].slice(0, -1));
});
