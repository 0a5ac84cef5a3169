// What a case of a classifier weighs, and how it is scored.
import type { CaseResult } from '../contract/case-result.ts';
import type { ClassifyProblem } from '../contract/problem.ts';
import type { Scoring } from '../contract/scoring.ts';
import type { Params } from '../contract/technique.ts';
import type { ClassifierName } from '../inputs/classifiers.ts';
import { useLiteCalibration } from '../inputs/use-lite/use-lite-cache.ts';
import { scoreClassifier } from '../models/classify/accuracy.ts';
import { batchesOf } from '../models/classify/classifier.ts';
import { classifiers } from '../models/classify/classifiers.ts';
import { classifyTechnique, packClassifier, whatStayed } from '../models/classify/classify-technique.ts';
import { type CaseSubject, findNonfinite } from './case-subject.ts';
import { shortHash } from './environment.ts';

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
  const { open, test } = classifiers[problem.weights as ClassifierName];
  const [classifier, tested] = [open(), test()];
  const uncompressed = { technique: dense, params: {} };
  const calibrationOf = ({ name }: { name: string }) => (needsCalibration ? useLiteCalibration(name) : undefined);
  const candidate = packClassifier(classifier, choice, dense, calibrationOf);
  const weights = problem.network.layers.map(({ name }) => [name, classifier.weights(name)] as const);
  const [activations] = batchesOf(tested.examples, problem.network, problem.M);
  const checked = batchesOf(tested.examples, problem.network, Math.min(problem.M, CHECKED_ROWS))[0];
  const inputs = {
    // Packed before: what is handed on says nothing that the techniques look at.
    weights: { logits: () => new Float64Array(), roundsActivations: false },
    activations,
    checked: { inputs: checked.inputs, rowStart: padded(checked.rowStart, activations.rowStart.length) },
  };
  return {
    technique: classifyTechnique(choice, candidate),
    dense: classifyTechnique(
      uncompressed,
      packClassifier(classifier, uncompressed, dense, () => undefined),
    ),
    inputs,
    inputHash: shortHash(...weights.map(([, values]) => values), activations.inputs),
    nonfinite: findNonfinite(weights),
    forPage: { told: { of: 'layer', weights: [], activations: [] }, array: () => undefined },
    score: scoring && (async (place) => ({ accuracy: await scoreClassifier(candidate, tested, place) })),
  };
}

/** Room for as many examples as a call of all rows has, those that are not there empty. */
function padded(rowStart: Int32Array, length: number): Int32Array {
  return Int32Array.from({ length }, (_, e) => rowStart[Math.min(e, rowStart.length - 1)]);
}
