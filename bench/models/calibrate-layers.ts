// What comes to a model's layers on a text that nothing is scored on, for methods that look at it before they choose.
import { openWasm } from '../backends/wasm.ts';
import type { Calibration } from '../contract/calibration.ts';
import { type LinearLayer, linearLayers, type Model, type ModelConfig, type ModelWeights } from '../contract/model.ts';
import type { Technique } from '../contract/technique.ts';
import { packModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import type { Placement } from './running-model.ts';

/**
 * The papers take 128 texts of some hundred tokens. With a quarter of the rows GPTQ hardly beat rounding to nearest on moby, and at 2:4
 * Wanda and SparseGPT lost to magnitude.
 */
const MOST_ROWS = 4096;
/** Of models whose activations would take more memory than this. */
const [LEAST_ROWS, MOST_BYTES] = [1024, 2 ** 28];
const ROWS_AT_ONCE = 64;

export interface LayerCalibration {
  readonly rows: number;
  /** Of a layer that was wanted. */
  of(layer: Pick<LinearLayer, 'name'>): Calibration;
}

export async function calibrateLayers(
  weights: ModelWeights,
  dense: Technique,
  texts: readonly (readonly number[])[],
  isWanted: (layer: LinearLayer) => boolean,
): Promise<LayerCalibration> {
  const wanted = linearLayers(weights.config).filter(isWanted);
  const rows = texts.reduce((sum, { length }) => sum + length, 0);
  const seen = new Map(wanted.map((layer) => [inputOf(layer), { X: new Float32Array(rows * layer.K), next: 0 }]));
  await takeIn(weights, dense, texts, wanted.some(({ part }) => part === 'head') ? 'all' : 'last', {
    onActivations(layer, x) {
      const into = inputOf(layer) === layer.name ? seen.get(layer.name) : undefined;
      if (into === undefined) return;
      into.X.set(x, into.next);
      into.next += x.length;
    },
  });
  const of = (layer: Pick<LinearLayer, 'name'>) => {
    const X = seen.get(inputOf(layer))?.X;
    if (X === undefined) throw new Error(`calibration: must be asked for a layer that was wanted, got ${layer.name}`);
    return { X, rows };
  };
  return { rows, of };
}

/** By one thread of WebAssembly on every backend, so that what is chosen by what was seen is the same on all. */
export async function takeIn(
  weights: ModelWeights,
  dense: Technique,
  texts: readonly (readonly number[])[],
  want: 'last' | 'all',
  seeing: Pick<Placement, 'onActivations' | 'onExpert'>,
): Promise<void> {
  const model = await placeModel(
    packModel(weights, dense, () => undefined),
    {
      kind: 'wasm',
      runtime: await openWasm(128, 1),
      maxRows: ROWS_AT_ONCE,
      capacity: Math.max(...texts.map(({ length }) => length)),
      ...seeing,
    },
  );
  for (const tokens of texts) {
    model.truncate(0);
    model.forward(tokens, want);
  }
  model.dispose();
}

/** The first of the layers that take the same activations. */
function inputOf({ name }: Pick<LinearLayer, 'name'>): string {
  return name
    .replace(/\.(k|v)_proj\./, '.q_proj.')
    .replace('.up_proj.', '.gate_proj.')
    .replace('.w3.', '.w1.');
}

function rowsFor(config: ModelConfig): number {
  const inputs = linearLayers(config).filter((layer) => inputOf(layer) === layer.name);
  const bytesOfRow = 4 * inputs.reduce((sum, { K }) => sum + K, 0);
  return Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.floor(MOST_BYTES / bytesOfRow)));
}

/** The text's beginning in pieces as long as windows. */
export function calibrationTexts(
  text: string,
  { config, tokenizer }: Pick<Model, 'config' | 'tokenizer'>,
  size: number,
): number[][] {
  const tokens = tokenizer.encode(text).slice(0, rowsFor(config));
  return Array.from({ length: Math.ceil(tokens.length / size) }, (_, i) => tokens.slice(i * size, (i + 1) * size));
}
