// Which tensors a model has by its configuration, and whether those of a file are they: said before any value is read.
import { InputError } from '../../contract/input-error.ts';
import { EMBEDDING, linearLayers, type ModelConfig, otherTensors } from '../../contract/model.ts';
import { visibleText } from '../../contract/visible-text.ts';

export type Shape = readonly number[];

/** Shapes by name. */
export function modelTensors(config: ModelConfig): Map<string, Shape> {
  const tensors = new Map<string, Shape>([[EMBEDDING, [config.vocabularySize, config.hiddenSize]]]);
  for (const { name, N, K } of linearLayers(config)) tensors.set(name, [N, K]);
  for (const { name, length, shape = [length] } of otherTensors(config))
    if (name !== EMBEDDING) tensors.set(name, shape);
  return tensors;
}

/** Throws InputError, with the names, where a tensor is missing, is one too many or has another shape. */
export function checkTensors(path: string, config: ModelConfig, found: ReadonlyMap<string, Shape>): void {
  if (config.layers > found.size) {
    throw new InputError(`${path}: must hold ${config.layers} layers by its configuration, got ${found.size} tensors`);
  }
  const expected = modelTensors(config);
  const missing = [...expected.keys()].filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new InputError(`${path}: must hold ${expected.size} tensors by its configuration, lacks ${named(missing)}`);
  }
  const surplus = [...found.keys()].filter((name) => !expected.has(name));
  if (surplus.length > 0) {
    throw new InputError(`${path}: must hold no tensor that its configuration does not tell of, got ${named(surplus)}`);
  }
  for (const [name, shape] of expected) {
    const own = found.get(name) ?? [];
    if (own.join() === shape.join()) continue;
    throw new InputError(
      `${path}: ${name} must be [${shape.join(', ')}] by the configuration, got [${own.join(', ')}]`,
    );
  }
}

const MOST_NAMED = 3;

function named(names: readonly string[]): string {
  const first = names.slice(0, MOST_NAMED).map(visibleText).join(', ');
  return names.length > MOST_NAMED ? `${first}, … (${names.length} of them)` : first;
}
