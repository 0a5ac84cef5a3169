// What two models that take a text in together make of each of its tokens.
import type { Window } from '../inputs/text-windows.ts';
import type { AnsweringModel } from './remembered-logits.ts';
import { scoreToken, type TokenScore } from './score-tokens.ts';

/** Tokens whose logits are held at once. */
const CHUNK = 32;

/** Both models, or the one beside itself, have room for a window, and what they took in before is forgotten. */
export function scoreWindows(
  dense: AnsweringModel,
  candidate: AnsweringModel,
  windows: readonly Window[],
): TokenScore[] {
  return windows.flatMap(({ before, predicted }) => {
    const models = candidate === dense ? [dense] : [dense, candidate];
    // The last token before the first prediction goes in with the others that predict.
    const predicting = [...before.slice(-1), ...predicted.slice(0, -1)];
    for (const model of models) {
      model.truncate(0);
      if (before.length > 1) model.forward(before.slice(0, -1), 'last');
    }
    const scores: TokenScore[] = [];
    for (let from = 0; from < predicting.length; from += CHUNK) {
      const chunk = predicting.slice(from, from + CHUNK);
      const [p, q = p] = models.map((model) => model.forward(chunk, 'all'));
      const columns = p.length / chunk.length;
      for (let i = 0; i < chunk.length; i++) {
        const row = (logits: Float32Array) => logits.subarray(i * columns, (i + 1) * columns);
        scores.push(scoreToken(row(p), row(q), predicted[from + i]));
      }
    }
    return scores;
  });
}
