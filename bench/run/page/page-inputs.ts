// What a page gets of a case's inputs: it is told all but arrays of f32, and fetches those by name when it wants them.
import type { Calibration } from '../../contract/calibration.ts';
import type { LinearLayer, ModelWeights } from '../../contract/model.ts';
import type { Inputs } from '../../contract/operation.ts';
import type { ModelActivations, Op } from '../../contract/problem.ts';
import type { Window } from '../../inputs/text-windows.ts';
import type { LayerCalibration } from '../../models/calibrate-layers.ts';
import type { TestSet } from '../../models/classify/classifier.ts';

export interface PageInputs {
  readonly told: ToldLayer | ToldModel | ToldClassifier;
  /** Undefined where there is none of that name. */
  array(name: string): Float32Array | undefined;
}

/** Names of its arrays. */
export interface ToldLayer {
  readonly of: 'layer';
  readonly weights: readonly string[];
  readonly activations: readonly string[];
  /** Of the array `calibration`; missing where the technique looks at none. */
  readonly calibrationRows?: number;
}

/** Its arrays are the model's tensors, by their names, and what `calibrationName` says. */
export interface ToldModel {
  readonly of: 'model';
  readonly activations: ModelActivations;
  readonly checked?: ModelActivations;
  /** Of each layer's calibration; missing where no technique looks at any. */
  readonly calibrationRows?: number;
  /** Missing where nothing is scored. */
  readonly windows?: readonly Window[];
}

/** Its arrays are the network's tensors, by their names, what `calibrationName` says, and those of the batches and the test set. */
export interface ToldClassifier {
  readonly of: 'classifier';
  /** Of the arrays `activations` and `checked`. */
  readonly rowStart: { readonly activations: readonly number[]; readonly checked: readonly number[] };
  readonly isCalibrated: boolean;
  /** Of the array `examples`, all in a row; missing where nothing is scored. */
  readonly tested?: {
    readonly lengths: readonly number[];
    readonly labels: readonly number[];
    readonly predictions: readonly number[];
  };
}

export function layerForPage({ weights, activations, calibration }: Inputs<Op>): PageInputs {
  const arrays: Readonly<Record<string, unknown>> = { ...weights, ...activations, calibration: calibration?.X };
  const [ofWeights, ofActivations] = [Object.keys(weights), Object.keys(activations)];
  return {
    told: { of: 'layer', weights: ofWeights, activations: ofActivations, calibrationRows: calibration?.rows },
    array(name) {
      const array = arrays[name];
      return array instanceof Float32Array ? array : undefined;
    },
  };
}

export function modelForPage(
  { tensor }: ModelWeights,
  calibration: LayerCalibration | undefined,
  { activations, checked }: Inputs<'model'>,
  windows: readonly Window[] | undefined,
): PageInputs {
  return {
    told: { of: 'model', activations, checked, calibrationRows: calibration?.rows, windows },
    array(name) {
      const layer = CALIBRATION.exec(name)?.[1];
      return layer === undefined ? tensor(name) : calibration?.of({ name: layer }).X;
    },
  };
}

export function classifierForPage(
  tensor: (name: string) => Float32Array,
  calibrationOf: ((layer: { readonly name: string }) => Calibration) | undefined,
  { activations, checked }: Pick<Required<Inputs<'classify'>>, 'activations' | 'checked'>,
  tested: TestSet | undefined,
): PageInputs {
  const rowStart = { activations: [...activations.rowStart], checked: [...checked.rowStart] };
  const arrays: Readonly<Record<string, (() => Float32Array) | undefined>> = {
    activations: () => activations.inputs,
    checked: () => checked.inputs,
    examples: () => joined(tested?.examples ?? []),
  };
  return {
    told: {
      of: 'classifier',
      rowStart,
      isCalibrated: calibrationOf !== undefined,
      tested: tested && {
        lengths: tested.examples.map(({ length }) => length),
        labels: [...tested.labels],
        predictions: [...tested.predictions],
      },
    },
    array(name) {
      const layer = CALIBRATION.exec(name)?.[1];
      if (layer !== undefined) return calibrationOf?.({ name: layer }).X;
      return arrays[name]?.() ?? tensor(name);
    },
  };
}

function joined(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

export function calibrationName({ name }: Pick<LinearLayer, 'name'>): string {
  return `calibration of ${name}`;
}

const CALIBRATION = /^calibration of (.+)$/;
