// The worker of a page: weighs one case on inputs it fetches.

import { fetchArray } from '../../backends/browser/fetch-array.ts';
import { openInPage } from '../../backends/browser/runtime.ts';
import type { PageRuntime } from '../../contract/browser.ts';
import type { Budget } from '../../contract/budget.ts';
import type { Case } from '../../contract/case.ts';
import type { Weighed } from '../../contract/case-result.ts';
import type { LinearLayer } from '../../contract/model.ts';
import type { Inputs } from '../../contract/operation.ts';
import { operationOf } from '../../contract/operations.ts';
import type { ClassifyProblem, ModelProblem, Op } from '../../contract/problem.ts';
import type { KernelKind } from '../../contract/runtimes/runtimes.ts';
import type { Technique } from '../../contract/technique.ts';
import type { ClassifierName } from '../../inputs/classifiers.ts';
import type { TestSet } from '../../models/classify/classifier.ts';
import { networks } from '../../models/classify/networks.ts';
import { weighedClassifier } from '../../models/classify/weighed-classifier.ts';
import type { LayerTechnique } from '../../models/packed-case.ts';
import type { Choice } from '../../models/packed-model.ts';
import { choicesOf, weighedModel } from '../../models/weighed-model.ts';
import { resultOfError } from '../result-of-error.ts';
import { type Weighable, weighSubject } from '../weigh-subject.ts';
import {
  calibrationName,
  type PageInputs,
  type ToldClassifier,
  type ToldLayer,
  type ToldModel,
} from './page-inputs.ts';

export interface WeighingTask {
  readonly case: Case;
  readonly budget: Budget;
  readonly runtime: PageRuntime;
  readonly kind: KernelKind;
  readonly device: 'cpu' | 'gpu';
  readonly told: PageInputs['told'];
}

type Techniques = ReadonlyMap<string, Technique>;

export default function start(techniques: Techniques): void {
  self.onmessage = async ({ data }: MessageEvent<WeighingTask>) => {
    self.postMessage(await weigh(data, techniques).catch(resultOfError));
  };
}

async function weigh(task: WeighingTask, techniques: Techniques): Promise<Weighed> {
  const { runtime, kind, device } = task;
  const subject = subjectOf(task, techniques);
  return weighSubject(task, subject, { kind, device, runtime: await openInPage(runtime) });
}

function subjectOf(
  { case: { technique: id, params, problem }, told }: WeighingTask,
  techniques: Techniques,
): Weighable {
  const [technique, dense] = [id, operationOf(problem.op).baseline].map((name) => techniques.get(name));
  if (technique === undefined || dense === undefined) throw new Error(`${id}: must be in the bundle`);
  if (told.of === 'layer') return { technique, dense, inputs: layerInputs(told) };
  if (problem.op === 'classify' && told.of === 'classifier')
    return classifierOf(problem, told, { technique, params }, dense);
  if (problem.op !== 'model' || told.of !== 'model') throw new Error(`problem: must be of a model, got ${problem.op}`);
  const byLayer = problem.plan && choicesOf(problem.plan, techniques);
  return modelOf(problem, told, { technique, params, byLayer }, dense);
}

function layerInputs({ weights, activations, calibrationRows: rows }: ToldLayer): Inputs<Op> {
  const calibration = rows === undefined ? undefined : { X: fetchArray('calibration'), rows };
  return { weights: fetchArrays(weights), activations: fetchArrays(activations), calibration };
}

function fetchArrays<Arrays extends object>(names: readonly string[]): Arrays {
  const byName: object = Object.fromEntries(names.map((name) => [name, fetchArray(name)]));
  return byName as Arrays;
}

function modelOf(
  problem: ModelProblem,
  { activations, checked, calibrationRows: rows, windows }: ToldModel,
  choice: LayerTechnique,
  dense: Technique,
): Weighable {
  const weights = { config: problem.config, tensor: fetchArray };
  const calibrationOf = (layer: LinearLayer) =>
    rows === undefined ? undefined : { X: fetchArray(calibrationName(layer)), rows };
  return {
    ...weighedModel(weights, problem, { ...choice, calibrationOf }, dense, windows),
    inputs: { weights, activations, checked },
    calibrationRows: rows,
  };
}

function classifierOf(
  { weights }: ClassifyProblem,
  { rowStart, isCalibrated, tested }: ToldClassifier,
  choice: Choice,
  dense: Technique,
): Weighable {
  const calibrationOf = ({ name, K }: LinearLayer) => {
    if (!isCalibrated) return undefined;
    const X = fetchArray(calibrationName({ name }));
    return { X, rows: X.length / K };
  };
  const batch = (name: keyof typeof rowStart) => ({
    inputs: fetchArray(name),
    rowStart: Int32Array.from(rowStart[name]),
  });
  const batches = { activations: batch('activations'), checked: batch('checked') };
  const classifier = networks[weights as ClassifierName](fetchArray);
  return weighedClassifier(classifier, { ...choice, calibrationOf }, dense, batches, tested && testSetOf(tested));
}

function testSetOf({ lengths, labels, predictions }: NonNullable<ToldClassifier['tested']>): TestSet {
  const all = fetchArray('examples');
  let at = 0;
  const examples = lengths.map((length) => {
    at += length;
    return all.subarray(at - length, at);
  });
  return { examples, labels: Uint8Array.from(labels), predictions: Uint8Array.from(predictions) };
}
