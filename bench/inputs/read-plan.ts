import { InputError } from '../contract/input-error.ts';
import { linearLayers, type ModelConfig } from '../contract/model.ts';
import { Plan } from '../contract/plan.ts';
import { readJson } from './model-files/json-file.ts';

/** Throws InputError on what is no plan, and on one that names a layer which the model has not. */
export function readPlan(path: string, config: ModelConfig): Plan {
  const parsed = Plan.safeParse(readJson(path));
  if (!parsed.success) {
    const { path: at, message } = parsed.error.issues[0];
    throw new InputError(`${path}: ${['plan', ...at].join('.')} must fit what tare recommend writes, got ${message}`);
  }
  const known = new Set(linearLayers(config).map(({ name }) => name));
  const strange = Object.keys(parsed.data.layers).find((name) => !known.has(name));
  if (strange === undefined) return parsed.data;
  throw new InputError(`${path}: layers must be of the model, got ${strange}; it was made for ${parsed.data.model}`);
}
