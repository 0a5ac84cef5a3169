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
  speedupOf(candidate: PackedModel): Promise<Ratio>;
  dispose(): void;
}

/** The uncompressed model is placed once. One token is taken in after `context` others, which the caches only seem to hold. */
export async function openDecodeScale(
  dense: PackedModel,
  context: number,
  place: Pick<Placement, 'kind' | 'runtime'>,
  budget: Budget,
  seed: number,
): Promise<DecodeScale> {
  const placement = { ...place, maxRows: 1, capacity: context + 1 };
  const baseline = await placeModel(dense, placement);
  const instruments = {
    now: () => performance.now(),
    timerResolutionNs: timerResolutionNs(),
    preemptions: () => process.resourceUsage().involuntaryContextSwitches,
    canary: await openCanary(),
  };
  return {
    async speedupOf(packed) {
      const candidate = await placeModel(packed, placement);
      try {
        const kernels = [candidate, baseline].map((model) => ({ run: () => decode(model, context) }));
        const { sides } = await measureInTurn(kernels, { budget, seed, instruments });
        return pairedRatio({ candidate: sides[0], baseline: sides[1] });
      } finally {
        candidate.dispose();
      }
    },
    dispose: () => baseline.dispose(),
  };
}

/** Any token will do: which one takes as long as another. */
function decode(model: RunningModel, context: number): void {
  model.stretch(context);
  model.forward([0], 'last');
}
