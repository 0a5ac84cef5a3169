import type { RunningModel } from './running-model.ts';

/** What a model that many are held against answers over one series of windows: it runs once, whoever scores them again. */
export interface RememberedLogits extends RunningModel {
  /** Back to the first window, from where it no longer runs: it gives the logits that it gave then, in the same order. */
  rewind(): void;
}

const NOTHING = new Float32Array();

/** Scoring looks at all logits or, where it asks for the last ones, at none. */
export function rememberLogits(model: RunningModel): RememberedLogits {
  const kept: Float32Array[] = [];
  let next: number | undefined;
  return {
    ...model,
    forward(tokens, want) {
      if (next !== undefined) return want === 'all' ? kept[next++] : NOTHING;
      const logits = model.forward(tokens, want);
      if (want === 'all') kept.push(logits.slice());
      return logits;
    },
    rewind() {
      next = 0;
    },
  };
}
