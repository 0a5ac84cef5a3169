// How long a text must be, so that a model and the datastore made of it are as many bytes as another model.
import { InputError } from '../../contract/input-error.ts';
import { linearLayers, type Model, type ModelConfig } from '../../contract/model.ts';
import { windowTokens } from '../../inputs/text-windows.ts';
import { otherBytes } from '../packed-case.ts';

/** Values of a key that share a scale of f16. */
const BLOCK = 32;
/** Letters that a token has at most, on average over a text. */
const MOST_LETTERS = 16;

/** The beginning of the text, for keys in int8 and weights in f32. Throws InputError where the model is no smaller, or the text too short. */
export function cutForBytes(text: string, { config, tokenizer, name }: Model, larger: ModelConfig): string {
  const bytes = bytesOfWeights(larger) - bytesOfWeights(config);
  const entries = Math.floor(bytes / bytesOfEntry(config));
  if (entries <= 0) throw new InputError(`${name}: must be smaller than the model it is to be as large as`);
  // The first half window is not stored.
  const wanted = entries + Math.floor(windowTokens(config) / 2);
  const tokens = tokenizer.encode(text.slice(0, MOST_LETTERS * wanted));
  if (tokens.length < wanted) throw new InputError(`text: must have ${wanted} tokens, got ${tokens.length}`);
  const cut = tokenizer.decode(tokens.slice(0, wanted));
  // A word that was cut in two might be other tokens.
  return cut.slice(0, cut.lastIndexOf(' '));
}

/** A key, half of its squared length and the token after it. */
export function bytesOfEntry({ hiddenSize, vocabularySize }: ModelConfig): number {
  return hiddenSize + 2 * (hiddenSize / BLOCK) + 4 + (vocabularySize > 2 ** 16 ? 4 : 2);
}

export function bytesOfWeights(config: ModelConfig): number {
  const products = linearLayers(config).reduce((sum, { N, K }) => sum + N * K, 0);
  return 4 * products + otherBytes({ config });
}
