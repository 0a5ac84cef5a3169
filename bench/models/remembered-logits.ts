import type { RunningModel } from './running-model.ts';

/** What scoring asks of a model. */
export type AnsweringModel = Pick<RunningModel, 'forward' | 'truncate'>;

const NOTHING = new Float32Array();

/**
 * What a model that many are held against answers to a series of questions: it is asked once, and may be let go. Each call of what
 * is returned gives the same answers from the first on, in the same order. Scoring looks at all logits or, where it asks for the
 * last ones, at none.
 */
export function rememberLogits(model: AnsweringModel, ask: (model: AnsweringModel) => void): () => AnsweringModel {
  const kept: Float32Array[] = [];
  ask({
    forward(tokens, want) {
      const logits = model.forward(tokens, want);
      if (want === 'all') kept.push(logits.slice());
      return logits;
    },
    truncate: (length) => model.truncate(length),
  });
  return () => {
    let next = 0;
    return { forward: (_, want) => (want === 'all' ? kept[next++] : NOTHING), truncate() {} };
  };
}
