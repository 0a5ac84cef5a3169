// One technique with one value of each axis, as commands take it that compress a model's layers themselves.
import { paramsOf } from '../cases/case.ts';
import { KERNELS_DIR, loadTechnique, techniqueFiles } from '../cases/registry.ts';
import { chooseAxes, chooseNames } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import type { AxisValue, Params, Technique } from '../contract/technique.ts';
import type { Choice } from '../models/packed-model.ts';

type AskedAxes = Record<string, AxisValue[]>;

/** Throws InputError on a name or a value that there is not. */
export async function layerTechnique(id: string, axes?: AskedAxes): Promise<Choice> {
  const [name] = chooseNames('technique', [id], [...techniqueFiles([KERNELS_DIR]).keys()]);
  const technique = await loadTechnique(name, [KERNELS_DIR]);
  if (technique.op !== 'matmul') throw new InputError(`--technique: must be of products, got ${id} of ${technique.op}`);
  return { technique, params: layerParams(id, technique, axes) };
}

/** Axes that are not named take their first value. Throws InputError on what is no value of the technique, and on several of one axis. */
export function layerParams(id: string, technique: Technique, axes: AskedAxes = {}): Params {
  const chosen = chooseAxes(axes, new Map([[id, technique]]));
  const several = Object.entries(chosen).find(([, values]) => values.length > 1);
  if (several !== undefined)
    throw new InputError(`--axis ${several[0]}: must have one value, got ${several[1].join(', ')}`);
  return paramsOf(technique, chosen)[0];
}
