// What a case weighs: a technique and the uncompressed one, on inputs of which it is known that they are numbers.
import type { CaseResult, Weighed } from '../contract/case-result.ts';
import type { Inputs } from '../contract/operation.ts';
import type { LayerOp, Op, ProblemOf } from '../contract/problem.ts';
import type { Params, Technique } from '../contract/technique.ts';
import { calibrationFor } from '../inputs/make-calibration.ts';
import { makeInputs } from '../inputs/make-inputs.ts';
import type { Place } from '../measure/instance.ts';
import { shortHash } from './environment.ts';
import { layerForPage, type PageInputs } from './page/page-inputs.ts';

export interface CaseSubject {
  readonly technique: Technique;
  /** The baseline of the case's operation. */
  readonly dense: Technique;
  readonly inputs: Inputs<Op>;
  readonly inputHash: string;
  /** What of the weights is no number, in words. */
  readonly nonfinite: string | undefined;
  /** What a reader must know of the inputs. */
  readonly caveat?: string;
  /** Of calibration activations that methods looked at, where they are no part of the inputs. */
  readonly calibrationRows?: number;
  /** The same for a page that weighs it instead. */
  readonly forPage: PageInputs;
  /** What is taken when all has been timed. */
  readonly score?: (place: Pick<Place, 'kind' | 'runtime'>) => Promise<Scored>;
}

/** Figures, and why the case is incorrect or what must be known of it, where that comes to light only here. */
export type Scored = Partial<Pick<Weighed, 'score' | 'accuracy' | 'drafts' | 'status' | 'reason' | 'caveat'>>;

export async function layerSubject(
  problem: ProblemOf<LayerOp>,
  params: Params,
  { technique, dense }: Pick<CaseSubject, 'technique' | 'dense'>,
): Promise<CaseSubject | CaseResult> {
  const reason = technique.skip?.(problem, params);
  if (reason !== undefined) return { status: 'skipped', reason };
  const inputs = await inputsOf(problem, params, { technique, dense });
  const { weights, activations, calibration } = inputs;
  const arrays = arraysOf(weights);
  const looked = calibration === undefined ? [] : [calibration.X];
  const inputHash = shortHash(...[...arrays, ...arraysOf(activations)].map(([, values]) => values), ...looked);
  const [nonfinite, caveat] = [findNonfinite(arrays), caveatOfInputs(problem)];
  return { technique, dense, inputs, inputHash, nonfinite, caveat, forPage: layerForPage(inputs) };
}

async function inputsOf(
  problem: ProblemOf<LayerOp>,
  params: Params,
  { technique, dense }: Pick<CaseSubject, 'technique' | 'dense'>,
): Promise<Inputs<Op>> {
  if (problem.op === 'matmul' && problem.model !== undefined) {
    // What runs models takes as long to load as all the rest, and few cases are of their layers.
    const { ownLayerInputs } = await import('../models/own-layer-inputs.ts');
    return ownLayerInputs(problem, problem.model, dense, technique.needsCalibration?.(params) === true);
  }
  return { ...makeInputs(problem), calibration: calibrationFor(technique, params, problem) };
}

function arraysOf(tensors: object): [name: string, values: Float32Array][] {
  return Object.entries<unknown>({ ...tensors }).flatMap(([name, values]) =>
    values instanceof Float32Array ? [[name, values]] : [],
  );
}

export function findNonfinite(weights: Iterable<readonly [name: string, values: Float32Array]>): string | undefined {
  for (const [name, values] of weights) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) return `weights: must be finite, got ${values[at]} at ${name}[${at}]`;
  }
  return undefined;
}

function caveatOfInputs(problem: ProblemOf<LayerOp>): string | undefined {
  if (problem.op !== 'matmul' || problem.file === undefined) return undefined;
  return 'synthetic activations, since a file of weights has none';
}
