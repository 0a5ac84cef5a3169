// The model that is shipped with tare, and its texts: see bench/models/moby/README.md.
import { join } from 'node:path';
import { DEFAULT_SEED } from '../contract/case.ts';
import type { LayerChoice, ModelFiles, ModelProblem } from '../contract/problem.ts';
import { openModel } from './model-files/open-model.ts';

const FOLDER = join(import.meta.dirname, '..', 'models', 'moby');

export const mobyFiles: ModelFiles = {
  path: FOLDER,
  text: join(FOLDER, 'held-out.txt'),
  calibration: join(FOLDER, 'calibration.txt'),
};

type Call = Pick<ModelProblem, 'phase' | 'M' | 'context'> & { readonly layers?: LayerChoice };

/** moby decoding one token after `context` others, or taking in M of a text; the planted one's activations have a few large channels. */
export function mobyProblem({ layers = 'all+head', ...call }: Call, hasPlantedOutliers?: true): ModelProblem {
  const { config } = openModel(FOLDER);
  const file = hasPlantedOutliers ? { ...mobyFiles, hasPlantedOutliers } : mobyFiles;
  const weights = hasPlantedOutliers ? 'moby-outliers' : 'moby';
  return { op: 'model', ...call, layers, weights, scale: 1, seed: DEFAULT_SEED, config, file };
}
