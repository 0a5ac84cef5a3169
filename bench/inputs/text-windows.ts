// A text cut into windows, as models take it in that are to predict its tokens.
import { InputError } from '../contract/input-error.ts';
import type { Tokenizer } from '../contract/model.ts';

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
/** Tokens of a block that is resampled as one: some two sentences, beyond which predictions hardly hang together. */
export const BLOCK_TOKENS = 64;
/** As many blocks as an interval takes. */
export const LEAST_SCORED = 5 * BLOCK_TOKENS;

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
