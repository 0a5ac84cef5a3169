// What a case of a whole model weighs, and how it is scored.
import { createHash } from 'node:crypto';
import { loadTechnique } from '../cases/registry.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult } from '../contract/case-result.ts';
import type { Model } from '../contract/model.ts';
import { operationOf } from '../contract/operations.ts';
import type { Plan } from '../contract/plan.ts';
import type { ModelProblem } from '../contract/problem.ts';
import type { Scoring } from '../contract/scoring.ts';
import type { Params } from '../contract/technique.ts';
import { readText } from '../inputs/model-text.ts';
import { LEAST_SCORED, type Window, windowsOf, windowTokens } from '../inputs/text-windows.ts';
import { loadModel, modelCalibration, modelInputs, tensorsOf } from '../models/model-inputs.ts';
import { modelTechnique } from '../models/model-technique.ts';
import { isReplaced, packCase, whyNoneFits } from '../models/packed-case.ts';
import type { Choice } from '../models/packed-model.ts';
import { scoreModels } from '../models/score-models.ts';
import { type CaseSubject, findNonfinite } from './case-subject.ts';
import { shortHash } from './environment.ts';

export async function modelSubject(
  problem: ModelProblem,
  params: Params,
  loaded: Pick<CaseSubject, 'technique' | 'dense'>,
  { scoring, kernelsDirs }: Pick<CaseRequest, 'scoring' | 'kernelsDirs'>,
): Promise<CaseSubject | CaseResult> {
  const choice = { technique: loaded.technique, params };
  const reason = whyNoneFits(choice, problem);
  if (reason !== undefined) return { status: 'skipped', reason };
  const model = loadModel(problem.file);
  const { hash, nonfinite } = lookThrough(model);
  const byLayer = problem.plan && (await choicesOf(problem.plan, kernelsDirs));
  const choices = [choice, ...(byLayer?.values() ?? [])];
  const needsCalibration = choices.some(({ technique, params: its }) => technique.needsCalibration?.(its) === true);
  const isWanted = (layer: Parameters<typeof isReplaced>[0]) => isReplaced(layer, problem.layers);
  const calibrationOf =
    needsCalibration && nonfinite === undefined
      ? await modelCalibration(model, loaded.dense, problem.file, isWanted)
      : undefined;
  const uncompressed = { technique: loaded.dense, params: {} };
  const dense = packCase(model, problem, uncompressed, loaded.dense);
  const candidate = packCase(model, problem, { ...choice, calibrationOf: calibrationOf?.of, byLayer }, loaded.dense);
  const texts = [problem.file.text, ...(needsCalibration ? [problem.file.calibration] : [])];
  return {
    technique: modelTechnique(choice, candidate),
    dense: modelTechnique(uncompressed, dense),
    inputs: modelInputs(problem, model),
    inputHash: shortHash(hash, ...texts.map((path) => readText(path, 'text'))),
    nonfinite,
    calibrationRows: calibrationOf?.rows,
    score:
      scoring === undefined || problem.scale > 1
        ? undefined
        : async (place) => ({
            score: await scoreModels(dense, candidate, windowsFor(problem, model, scoring), place, problem.seed),
          }),
  };
}

/** Of each layer that a plan names. */
async function choicesOf({ layers }: Plan, kernelsDirs: readonly string[]): Promise<ReadonlyMap<string, Choice>> {
  const choices = new Map<string, Choice>();
  for (const [name, { technique, params }] of Object.entries(layers)) {
    choices.set(name, { technique: await loadTechnique(technique, kernelsDirs), params });
  }
  return choices;
}

/** Reads each tensor once. */
function lookThrough(model: Model): { readonly hash: string; readonly nonfinite: string | undefined } {
  const hash = createHash('sha256');
  let nonfinite: string | undefined;
  for (const [name, values] of tensorsOf(model)) {
    hash.update(name).update(values);
    nonfinite ??= findNonfinite([[name, values]]);
  }
  return { hash: hash.digest('hex'), nonfinite };
}

/** Two models take in two tokens each for one that is scored. */
const TAKEN_IN = 4;

function windowsFor(problem: ModelProblem, model: Model, { tokens, flops }: Scoring): Window[] {
  const perToken = TAKEN_IN * operationOf('model').denseFlops({ ...problem, M: 1, context: 0 });
  const text = readText(problem.file.text, '--text');
  const most = Math.max(LEAST_SCORED, Math.min(tokens, Math.floor(flops / perToken)));
  return windowsOf(text, model.tokenizer, windowTokens(model.config), most, '--text');
}
