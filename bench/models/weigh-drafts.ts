// What drafts come to when all has been timed: whether texts are those that the model writes alone, how many drafted tokens are kept
// and what drafting one and checking some cost.
import type { Weighed } from '../contract/case-result.ts';
import type { ModelProblem } from '../contract/problem.ts';
import { acceptanceOf, expectedSpeedup } from './draft.ts';
import type { Drafting, PackedModel } from './packed-model.ts';
import { openWriter, type Writer } from './prepare-generation.ts';
import type { Placement } from './running-model.ts';
import { decodeSpeedup } from './weigh-decode.ts';

type Place = Pick<Placement, 'kind' | 'runtime'>;

/** Logits of two tokens that rounding in f32 can't tell apart lie within so much. */
const TIE = 1e-3;
const COST_BUDGET = { warmupMs: 100, measureMs: 600, rounds: 20 };

/** Of texts written on from prompts, the first of which is the one that was timed. `isRounded` where more than f32 rounds the logits. */
export async function weighDrafts(
  model: PackedModel,
  drafting: Drafting,
  { M, context, seed }: ModelProblem,
  { prompts, isRounded }: { readonly prompts: readonly (readonly number[])[]; readonly isRounded: boolean },
  place: Place,
): Promise<Pick<Weighed, 'drafts' | 'caveat'> | { readonly status: 'incorrect'; readonly reason: string }> {
  const { judge = model, most, by } = drafting;
  const placement = { ...place, capacity: context + M };
  const [alone, drafted] = [
    await openWriter(judge, undefined, placement),
    await openWriter(judge, drafting, placement),
  ];
  const texts = prompts.map((prompt) => writtenTwice(alone, drafted, prompt, M));
  for (const running of [...alone.models, ...drafted.models]) running.dispose();
  const parted = texts.flatMap(({ parting }) => parting ?? []);
  const widest = parted.length === 0 ? undefined : Math.max(...parted);
  if (widest !== undefined && !isRounded && widest > TIE)
    return {
      status: 'incorrect',
      reason: `drafts: must leave the text as it is, got others by ${widest.toPrecision(2)} in their logits`,
    };
  const scale = { context, place, budget: COST_BUDGET, seed };
  const cost = 1 / (await decodeSpeedup(by, model, scale)).speedup;
  const check = 1 / (await decodeSpeedup(model, model, scale, most + 1)).speedup;
  const acceptance = texts[0].acceptance;
  return {
    drafts: {
      acceptancePct: 100 * acceptance,
      costPct: 100 * cost,
      checkPct: 100 * check,
      expectedSpeedup: expectedSpeedup(acceptance, most, cost),
    },
    caveat:
      [
        judge === model ? undefined : 'drafted tokens are kept as by the model at scale 1',
        widest &&
          `${parted.length} of ${texts.length} texts part from those without drafts, where two tokens are within ${widest.toPrecision(2)} in their logits`,
      ]
        .filter(Boolean)
        .join('; ') || undefined,
  };
}

/** Where the texts part: by how much the logit of the one's token is above that of the other's. */
function writtenTwice(
  alone: Writer,
  drafted: Writer,
  prompt: readonly number[],
  count: number,
): { readonly acceptance: number; readonly parting: number | undefined } {
  const last = prompt[prompt.length - 1];
  for (const writer of [alone, drafted]) writer.takeIn(prompt);
  const [own, other] = [alone.write(last, count), drafted.write(last, count)];
  const at = own.tokens.findIndex((token, i) => token !== other.tokens[i]);
  const acceptance = acceptanceOf(other.rounds);
  if (at < 0) return { acceptance, parting: undefined };
  const [target] = alone.models;
  target.truncate(0);
  const logits = target.forward([...prompt, ...own.tokens.slice(0, at)], 'last');
  return { acceptance, parting: logits[own.tokens[at]] - logits[other.tokens[at]] };
}
