// What a compressed model loses over a text, beside the uncompressed one on the same backend.
import type { Score } from '../contract/case-result.ts';
import { type Window, windowTokens } from '../inputs/text-windows.ts';
import type { PackedModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import type { Placement } from './running-model.ts';
import { scoreWindows } from './score-text.ts';
import { scoreOf } from './score-tokens.ts';

const ROWS_AT_ONCE = 64;

export async function scoreModels(
  dense: PackedModel,
  candidate: PackedModel,
  windows: readonly Window[],
  place: Pick<Placement, 'kind' | 'runtime'>,
  seed: number,
): Promise<Score> {
  const placement = { ...place, maxRows: ROWS_AT_ONCE, capacity: windowTokens(dense.config) };
  const reference = await placeModel(dense, placement);
  try {
    if (candidate === dense) return scoreOf(scoreWindows(reference, reference, windows), seed);
    const model = await placeModel(candidate, placement);
    try {
      return scoreOf(scoreWindows(reference, model, windows), seed);
    } finally {
      model.dispose();
    }
  } finally {
    reference.dispose();
  }
}
