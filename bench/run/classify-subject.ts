// What a case of a classifier weighs, and how it is scored.
import type { CaseResult } from '../contract/case-result.ts';
import type { ClassifyProblem } from '../contract/problem.ts';
import type { Scoring } from '../contract/scoring.ts';
import type { Params } from '../contract/technique.ts';
import type { ClassifierName } from '../inputs/classifiers.ts';
import { useLiteCalibration } from '../inputs/use-lite/use-lite-cache.ts';
import { batchesOf } from '../models/classify/classifier.ts';
import { classifiers } from '../models/classify/classifiers.ts';
import { whatStayed } from '../models/classify/classify-technique.ts';
import { networks } from '../models/classify/networks.ts';
import { weighedClassifier } from '../models/classify/weighed-classifier.ts';
import { type CaseSubject, findNonfinite } from './case-subject.ts';
import { shortHash } from './environment.ts';
import { classifierForPage } from './page/page-inputs.ts';

/** Rows of input that are checked in float64, which would take seconds over more. */
const CHECKED_ROWS = 32;

export function classifySubject(
  problem: ClassifyProblem,
  params: Params,
  { technique, dense }: Pick<CaseSubject, 'technique' | 'dense'>,
  scoring: Scoring | undefined,
): CaseSubject | CaseResult {
  const choice = { technique, params };
  const stayed = whatStayed(choice, problem);
  if (stayed?.all === true) return { status: 'skipped', reason: stayed.said };
  const needsCalibration = technique.needsCalibration?.(params) === true;
  if (needsCalibration && problem.weights !== 'supersense') {
    return { status: 'skipped', reason: `${problem.weights} has no examples for methods that look at some` };
  }
  const name = problem.weights as ClassifierName;
  const [tensor, tested] = [classifiers[name].tensors(), classifiers[name].test()];
  const classifier = networks[name](tensor);
  const weights = problem.network.layers.map((layer) => [layer.name, classifier.weights(layer.name)] as const);
  const [activations] = batchesOf(tested.examples, problem.network, problem.M);
  const few = batchesOf(tested.examples, problem.network, Math.min(problem.M, CHECKED_ROWS))[0];
  const checked = { inputs: few.inputs, rowStart: padded(few.rowStart, activations.rowStart.length) };
  const calibrationOf = (layer: { readonly name: string }) => useLiteCalibration(layer.name);
  const batches = { activations, checked };
  const scored = scoring && tested;
  const calibrated = { ...choice, calibrationOf: needsCalibration ? calibrationOf : () => undefined };
  return {
    ...weighedClassifier(classifier, calibrated, dense, batches, scored),
    inputHash: shortHash(...weights.map(([, values]) => values), activations.inputs),
    nonfinite: findNonfinite(weights),
    forPage: classifierForPage(tensor, needsCalibration ? calibrationOf : undefined, batches, scored),
  };
}

/** Room for as many examples as a call of all rows has, those that are not there empty. */
function padded(rowStart: Int32Array, length: number): Int32Array {
  return Int32Array.from({ length }, (_, e) => rowStart[Math.min(e, rowStart.length - 1)]);
}
