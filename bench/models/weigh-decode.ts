// How many times as fast as uncompressed a model decodes, both in one process and in turn.
import type { Budget } from '../contract/budget.ts';
import type { Ratio } from '../contract/case-result.ts';
import { openCanary } from '../measure/canary/canary.ts';
import { pairedRatio } from '../measure/figures.ts';
import { measureInTurn } from '../measure/in-turn.ts';
import { timerResolutionNs } from '../measure/timer-resolution.ts';
import type { PackedModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import type { Placement, RunningModel } from './running-model.ts';

export interface DecodeScale {
  /** One token is taken in after so many others, which the caches only seem to hold. */
  readonly context: number;
  readonly place: Pick<Placement, 'kind' | 'runtime'>;
  readonly budget: Budget;
  readonly seed: number;
}

/** Neither model is held for longer than they are timed. The candidate may take in several tokens in its call. */
export async function decodeSpeedup(
  candidate: PackedModel,
  dense: PackedModel,
  { context, place, budget, seed }: DecodeScale,
  tokens = 1,
): Promise<Ratio> {
  const instruments = {
    now: () => performance.now(),
    timerResolutionNs: timerResolutionNs(),
    preemptions: () => process.resourceUsage().involuntaryContextSwitches,
    canary: await openCanary(),
  };
  const models: RunningModel[] = [];
  try {
    for (const [packed, rows] of [
      [candidate, tokens],
      [dense, 1],
    ] as const)
      models.push(await placeModel(packed, { ...place, maxRows: rows, headRows: rows, capacity: context + rows }));
    const kernels = models.map((model, i) => decoding(model, context, [tokens, 1][i]));
    const { sides } = await measureInTurn(kernels, { budget, seed, instruments });
    return pairedRatio({ candidate: sides[0], baseline: sides[1] });
  } finally {
    for (const model of models) model.dispose();
  }
}

/** Any tokens will do: they all take as long. */
function decoding(model: RunningModel, context: number, count: number) {
  const tokens = new Array<number>(count).fill(0);
  return {
    run() {
      model.stretch(context);
      model.forward(tokens, count === 1 ? 'last' : 'all');
    },
  };
}
