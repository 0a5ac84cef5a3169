// What a page gets of a case's inputs: it is told all but arrays of f32, and fetches those by name when it wants them.
import type { LinearLayer, ModelWeights } from '../../contract/model.ts';
import type { Inputs } from '../../contract/operation.ts';
import type { ModelActivations, Op } from '../../contract/problem.ts';
import type { Window } from '../../inputs/text-windows.ts';
import type { LayerCalibration } from '../../models/calibrate-layers.ts';

export interface PageInputs {
  readonly told: ToldLayer | ToldModel;
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

export function calibrationName({ name }: Pick<LinearLayer, 'name'>): string {
  return `calibration of ${name}`;
}

const CALIBRATION = /^calibration of (.+)$/;
