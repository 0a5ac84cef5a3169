// Many compressions of one model, each held against the uncompressed one, which runs once for all of them and is not held beside them.
import type { Score } from '../contract/case-result.ts';
import { type Window, windowTokens } from '../inputs/text-windows.ts';
import type { PackedModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import { rememberLogits } from './remembered-logits.ts';
import type { Placement } from './running-model.ts';
import { scoreWindows } from './score-text.ts';
import { scoreOf } from './score-tokens.ts';

const ROWS_AT_ONCE = 64;

export interface Scorer {
  score(candidate: PackedModel): Promise<Score>;
}

export async function openScorer(
  dense: PackedModel,
  windows: readonly Window[],
  place: Pick<Placement, 'kind' | 'runtime'>,
  seed: number,
): Promise<Scorer> {
  const placement = { ...place, maxRows: ROWS_AT_ONCE, capacity: windowTokens(dense.config) };
  const uncompressed = await placeModel(dense, placement);
  const remembered = rememberLogits(uncompressed, (asked) => scoreWindows(asked, asked, windows));
  uncompressed.dispose();
  return {
    async score(candidate) {
      const model = await placeModel(candidate, placement);
      try {
        return scoreOf(scoreWindows(remembered(), model, windows), seed);
      } finally {
        model.dispose();
      }
    },
  };
}
