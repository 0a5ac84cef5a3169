// One technique with one value of each axis, as commands take it that compress a model's layers themselves.
import { paramsOf } from '../cases/case.ts';
import { KERNELS_DIR, loadTechnique, techniqueFiles } from '../cases/registry.ts';
import { chooseAxes, chooseNames } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import type { AxisValue } from '../contract/technique.ts';
import type { Choice } from '../models/packed-model.ts';

/** Axes that are not named take their first value. Throws InputError on a name or a value that there is not. */
export async function layerTechnique(id: string, axes: Record<string, AxisValue[]> = {}): Promise<Choice> {
  const [name] = chooseNames('technique', [id], [...techniqueFiles([KERNELS_DIR]).keys()]);
  const technique = await loadTechnique(name, [KERNELS_DIR]);
  if (technique.op !== 'matmul') throw new InputError(`--technique: must be of products, got ${id} of ${technique.op}`);
  const [params] = paramsOf(technique, chooseAxes(axes, new Map([[id, technique]])));
  return { technique, params };
}
