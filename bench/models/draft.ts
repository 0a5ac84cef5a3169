// Speculative decoding (Leviathan et al., arXiv 2211.17192) of the likeliest tokens: a small model drafts some, and the model that
// is asked checks them all in one call. It keeps those that it would have written itself and one of its own after them, so that the
// text is the one it writes alone.
import { generate, likeliest } from './generate.ts';
import type { RunningModel } from './running-model.ts';

export interface DraftedText {
  readonly tokens: number[];
  /** Of each call that checked some: how many were drafted, and how many of them were kept. */
  readonly rounds: readonly Round[];
}

export interface Round {
  readonly drafted: number;
  readonly kept: number;
}

/**
 * What `generate` gives. Both models have taken in the same tokens before. `kept` says of each round how many are kept, in place of
 * what the target makes of them.
 */
export function generateDrafted(
  target: RunningModel,
  draft: RunningModel,
  tokens: readonly number[],
  count: number,
  mostDrafted: number,
  kept?: readonly number[],
): DraftedText {
  const chosen: number[] = [];
  const rounds: Round[] = [];
  // What the target has not taken in yet, and what the draft has not.
  let [next, unread] = [tokens, tokens];
  while (chosen.length < count) {
    const drafted = generate(draft, unread, Math.min(mostDrafted, count - chosen.length - 1));
    const logits = target.forward([...next, ...drafted], 'all');
    const vocabulary = logits.length / (next.length + drafted.length);
    const answers = Array.from({ length: drafted.length + 1 }, (_, i) =>
      likeliest(logits.subarray((next.length - 1 + i) * vocabulary, (next.length + i) * vocabulary)),
    );
    const parting = drafted.findIndex((token, i) => token !== answers[i]);
    const agreed = kept?.[rounds.length] ?? (parting < 0 ? drafted.length : parting);
    rounds.push({ drafted: drafted.length, kept: agreed });
    const own = answers[agreed];
    chosen.push(...drafted.slice(0, agreed), own);
    target.truncate(target.length - drafted.length + agreed);
    // The last token that was drafted is one that the draft has not taken in.
    const isBehind = drafted.length > 0 && agreed === drafted.length;
    if (!isBehind && drafted.length > 0) draft.truncate(draft.length - (drafted.length - 1) + agreed);
    next = [own];
    unread = isBehind ? [drafted[agreed - 1], own] : [own];
  }
  return { tokens: chosen, rounds };
}

/** Of the drafted tokens that the target came to, the share that it kept: those after one that it did not keep were for nothing. */
export function acceptanceOf(rounds: readonly Round[]): number {
  const kept = rounds.reduce((sum, round) => sum + round.kept, 0);
  const left = rounds.filter((round) => round.kept < round.drafted).length;
  return kept + left === 0 ? 0 : kept / (kept + left);
}

/** How many times as fast a text is written, where each token is kept with the same chance and drafting one takes `cost` of the target's time for one. */
export function expectedSpeedup(acceptance: number, drafted: number, cost: number): number {
  const perCall = acceptance === 1 ? drafted + 1 : (1 - acceptance ** (drafted + 1)) / (1 - acceptance);
  return perCall / (drafted * cost + 1);
}
