// What comes to a model's layers on a text that nothing is scored on, for methods that look at it before they choose.
import { openWasm } from '../backends/wasm.ts';
import type { Calibration } from '../contract/calibration.ts';
import { type LinearLayer, linearLayers, type ModelWeights, type Tokenizer } from '../contract/model.ts';
import type { Technique } from '../contract/technique.ts';
import { packModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';

/** GPTQ and AWQ take 128 texts of some hundred tokens, for models whose layers are wider. */
export const CALIBRATION_ROWS = 1024;
const ROWS_AT_ONCE = 64;

export interface LayerCalibration {
  readonly rows: number;
  /** Of a layer that was wanted. */
  of(layer: Pick<LinearLayer, 'name'>): Calibration;
}

/** By one thread of WebAssembly on every backend, so that the weights that methods choose are the same on all. */
export async function calibrateLayers(
  weights: ModelWeights,
  dense: Technique,
  texts: readonly (readonly number[])[],
  isWanted: (layer: LinearLayer) => boolean,
): Promise<LayerCalibration> {
  const wanted = linearLayers(weights.config).filter(isWanted);
  const rows = texts.reduce((sum, { length }) => sum + length, 0);
  const seen = new Map(wanted.map((layer) => [inputOf(layer), { X: new Float32Array(rows * layer.K), next: 0 }]));
  const model = await placeModel(
    packModel(weights, dense, () => undefined),
    {
      kind: 'wasm',
      runtime: await openWasm(128, 1),
      maxRows: ROWS_AT_ONCE,
      capacity: Math.max(...texts.map(({ length }) => length)),
      onActivations(layer, x) {
        const into = inputOf(layer) === layer.name ? seen.get(layer.name) : undefined;
        if (into === undefined) return;
        into.X.set(x, into.next);
        into.next += x.length;
      },
    },
  );
  for (const tokens of texts) {
    model.truncate(0);
    model.forward(tokens, wanted.some(({ part }) => part === 'head') ? 'all' : 'last');
  }
  model.dispose();
  const of = (layer: Pick<LinearLayer, 'name'>) => {
    const X = seen.get(inputOf(layer))?.X;
    if (X === undefined) throw new Error(`calibration: must be asked for a layer that was wanted, got ${layer.name}`);
    return { X, rows };
  };
  return { rows, of };
}

/** The first of the layers that take the same activations. */
function inputOf({ name }: Pick<LinearLayer, 'name'>): string {
  return name
    .replace(/\.(k|v)_proj\./, '.q_proj.')
    .replace('.up_proj.', '.gate_proj.')
    .replace('.w3.', '.w1.');
}

/** The text's beginning in pieces as long as windows. */
export function calibrationTexts(text: string, tokenizer: Tokenizer, size: number): number[][] {
  const tokens = tokenizer.encode(text).slice(0, CALIBRATION_ROWS);
  return Array.from({ length: Math.ceil(tokens.length / size) }, (_, i) => tokens.slice(i * size, (i + 1) * size));
}
