import type { RunningModel } from './running-model.ts';

/** The `count` most likely tokens after the given ones, each chosen after those before it. */
export function generate(model: RunningModel, tokens: readonly number[], count: number): number[] {
  const chosen: number[] = [];
  let next = tokens;
  while (chosen.length < count) {
    chosen.push(likeliest(model.forward(next, 'last')));
    next = chosen.slice(-1);
  }
  return chosen;
}

/** Of tokens that are as likely, the first. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}
