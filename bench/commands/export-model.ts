// A model as a GGUF file, its weights compressed.

import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadTechniques } from '../cases/registry.ts';
import { kernelsDirs, unknownName } from '../cases/select.ts';
import { counted } from '../contract/counted.ts';
import { InputError } from '../contract/input-error.ts';
import { linearLayers } from '../contract/model.ts';
import type { AxisValue, Params } from '../contract/technique.ts';
import { visibleText } from '../contract/visible-text.ts';
import { mobyFiles } from '../inputs/moby.ts';
import { type GgufTechnique, isOfGguf, matrixFormat, whyNotStored } from '../inputs/model-files/matrix-format.ts';
import { openModel, openModelFiles } from '../inputs/model-files/open-model.ts';
import { type MatrixFormat, type ModelMatrix, writeModel } from '../inputs/model-files/write-model.ts';
import { modelCalibration } from '../models/model-inputs.ts';
import { layerParams } from './layer-technique.ts';
import { createCountdown } from './progress.ts';

/** What llama.cpp, too, stores instead where rows are no whole blocks of a format. */
const FALLBACKS = ['q8-0', 'f16'];

export interface ModelExport {
  readonly model: string;
  readonly technique: string;
  /** Axes and choices beside the format, for the matrices of products: an embedding apart from the head is rounded to nearest. */
  readonly axes?: Record<string, AxisValue[]>;
  /** A text for methods that look at activations; moby's where not said. */
  readonly calibration?: string;
  readonly out: string;
}

/** Writes the model as a GGUF file. Throws InputError on names, models and places that can't be. */
export async function exportModel({ model: path, technique: id, axes, calibration, out }: ModelExport): Promise<void> {
  const techniques = await techniquesOfGguf();
  const chosen = techniques.get(id);
  if (chosen === undefined) throw unknownName('--technique', id, [...techniques.keys()]);
  if (isOfModel(out, path)) throw new InputError(`--out: must be another file than the model's, got ${out}`);
  const params = layerParams(id, chosen, axes);
  const refused = chosen.gguf.skip?.(params);
  if (refused !== undefined) throw new InputError(`--axis ${refused}`);
  const looks = chosen.needsCalibration?.(params) === true;
  if (calibration !== undefined && !looks)
    throw new InputError('--calibration: must go with a method that looks at activations, such as --axis method=gptq');
  const model = looks ? openModel(path) : openModelFiles(path);
  const layers = new Map(linearLayers(model.config).map((layer) => [layer.name, layer]));
  for (const layer of layers.values()) assertChosen(chosen, layer, params);
  const dense = techniques.get('dense');
  const text = { calibration: calibration ?? mobyFiles.calibration };
  const countdown = createCountdown();
  if (looks) countdown.say('looking at the calibration text');
  const seen = looks && dense ? await modelCalibration(model, dense, text, () => true) : undefined;
  const stored: { readonly type: string; readonly reason?: string }[] = [];
  const formatOf = (matrix: ModelMatrix): MatrixFormat => {
    const reason = whyNotStored(chosen, matrix);
    const fallbacks = FALLBACKS.flatMap((other) => techniques.get(other) ?? []);
    const technique = [chosen, ...fallbacks].find((each) => whyNotStored(each, matrix) === undefined) ?? chosen;
    const isChosen = technique === chosen && layers.has(matrix.name);
    const { type, encode } = isChosen
      ? matrixFormat(chosen, matrix, params, seen?.of(matrix))
      : matrixFormat(technique, matrix);
    const number = stored.push({ type, reason });
    const what = visibleText(matrix.name);
    return {
      type,
      encode(W) {
        countdown.onStep({ number, total: stored.length, what });
        return encode(W);
      },
    };
  };
  try {
    writeModel(out, model, formatOf);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new InputError(`--out: must be a file tare can write, got ${String(error.code)} at ${out}`);
  } finally {
    countdown.end();
  }
  const counts = [...Map.groupBy(stored, ({ type }) => type)].map(([type, { length }]) => `${length} as ${type}`);
  const size = (statSync(out).size / 2 ** 20).toFixed(1);
  process.stdout.write(`${out}: ${size} MiB, ${counts.join(', ')}\n`);
  for (const [reason, [first, ...more]] of Map.groupBy(stored, (each) => each.reason)) {
    if (reason === undefined) continue;
    process.stderr.write(
      `tare: ${more.length + 1} of ${counted(stored.length, 'matrix is', 'matrices are')} stored as ${first.type}: ${reason}\n`,
    );
  }
}

/** Whether writing there would replace what the model is read from. GGUF files in its folder are no part of it. */
function isOfModel(out: string, path: string): boolean {
  if (!existsSync(out) || !existsSync(path)) return false;
  const names = statSync(path).isDirectory() ? readdirSync(path).filter((name) => !name.endsWith('.gguf')) : [''];
  return names.some((name) => realpathSync(join(path, name)) === realpathSync(out));
}

/** Throws InputError where choices make no sense, alone or beside the format, though it could hold the matrix without them. */
function assertChosen(technique: GgufTechnique, matrix: ModelMatrix, params: Params): void {
  const reason = whyNotStored(technique, matrix, params);
  if (reason !== undefined && whyNotStored(technique, matrix) === undefined) throw new InputError(`--axis ${reason}`);
}

async function techniquesOfGguf(): Promise<Map<string, GgufTechnique>> {
  const all = await loadTechniques(kernelsDirs([]));
  return new Map([...all].flatMap(([id, technique]) => (isOfGguf(technique) ? [[id, technique] as const] : [])));
}
