// A text cut into windows, and what two models that take it in together make of each of its tokens.
import { InputError } from '../contract/input-error.ts';
import type { Tokenizer } from '../contract/model.ts';
import type { RunningModel } from './running-model.ts';
import { BLOCK_TOKENS, scoreToken, type TokenScore } from './score-tokens.ts';

/**
 * Windows overlap by half: each token but those of the first half window is predicted once, from half a window at least of
 * what comes before it. So a text is used to its end, for two tokens taken in each that is scored.
 */
export interface Window {
  /** Taken in before the first that is predicted. */
  readonly before: readonly number[];
  readonly predicted: readonly number[];
}

/** Longer windows cost more than they tell: what came more than 512 tokens ago hardly changes a prediction. */
const MOST_WINDOW_TOKENS = 512;
/** As many blocks as an interval takes. */
const LEAST_SCORED = 5 * BLOCK_TOKENS;

/** Tokens of a window, of which the second half are predicted. */
export function windowTokens({ contextLength }: { readonly contextLength: number }): number {
  return Math.min(contextLength, MOST_WINDOW_TOKENS);
}

/** Of the text's beginning, until `most` tokens are predicted. Throws InputError where it is too short; `flag` gave the text. */
export function windowsOf(text: string, tokenizer: Tokenizer, size: number, most: number, flag: string): Window[] {
  // What the model wants before a text stands before each window.
  const beginning = tokenizer.encode('');
  const tokens = tokenizer.encode(text).slice(beginning.length);
  const half = Math.floor(size / 2);
  const end = Math.min(tokens.length, half + most);
  if (end < half + Math.min(LEAST_SCORED, most)) {
    throw new InputError(
      `${flag}: must have at least ${half + LEAST_SCORED} tokens to be scored, got ${tokens.length}`,
    );
  }
  return Array.from({ length: Math.ceil((end - half) / half) }, (_, i) => ({
    before: [...beginning, ...tokens.slice(i * half + beginning.length, (i + 1) * half)],
    predicted: tokens.slice((i + 1) * half, Math.min((i + 2) * half, end)),
  }));
}

/** Tokens whose logits are held at once. */
const CHUNK = 32;

/** Both models have room for a window, and what they took in before is forgotten. */
export function scoreWindows(dense: RunningModel, candidate: RunningModel, windows: readonly Window[]): TokenScore[] {
  return windows.flatMap(({ before, predicted }) => {
    const models = [dense, candidate];
    // The last token before the first prediction goes in with the others that predict.
    const predicting = [...before.slice(-1), ...predicted.slice(0, -1)];
    for (const model of models) {
      model.truncate(0);
      if (before.length > 1) model.forward(before.slice(0, -1), 'last');
    }
    const scores: TokenScore[] = [];
    for (let from = 0; from < predicting.length; from += CHUNK) {
      const chunk = predicting.slice(from, from + CHUNK);
      const [p, q] = models.map((model) => model.forward(chunk, 'all'));
      const columns = p.length / chunk.length;
      for (let i = 0; i < chunk.length; i++) {
        const row = (logits: Float32Array) => logits.subarray(i * columns, (i + 1) * columns);
        scores.push(scoreToken(row(p), row(q), predicted[from + i]));
      }
    }
    return scores;
  });
}
