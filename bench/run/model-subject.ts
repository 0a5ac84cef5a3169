// What a case of a whole model weighs, and how it is scored.
import { createHash } from 'node:crypto';
import { loadTechnique } from '../cases/registry.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult } from '../contract/case-result.ts';
import type { Model, ModelWeights } from '../contract/model.ts';
import { operationOf } from '../contract/operations.ts';
import type { Plan } from '../contract/plan.ts';
import type { ModelProblem } from '../contract/problem.ts';
import type { Scoring } from '../contract/scoring.ts';
import type { Params, Technique } from '../contract/technique.ts';
import { readText } from '../inputs/model-text.ts';
import { LEAST_SCORED, type Window, windowsOf, windowTokens } from '../inputs/text-windows.ts';
import { whyNotFewerExperts } from '../models/fewer-experts.ts';
import {
  firstTokens,
  loadModel,
  modelCalibration,
  modelInputs,
  tensorsOf,
  withChosenExperts,
} from '../models/model-inputs.ts';
import {
  isReplaced,
  whyNoAdapters,
  whyNoDatastore,
  whyNoneFits,
  whyNotCached,
  whyNotDrafted,
} from '../models/packed-case.ts';
import { choicesOf, type Drafter, weighedModel } from '../models/weighed-model.ts';
import { cachedDatastore } from './cached-datastore.ts';
import { type CaseSubject, findNonfinite } from './case-subject.ts';
import { shortHash } from './environment.ts';
import { modelForPage } from './page/page-inputs.ts';

export async function modelSubject(
  problem: ModelProblem,
  params: Params,
  loaded: Pick<CaseSubject, 'technique' | 'dense'>,
  { scoring, kernelsDirs }: Pick<CaseRequest, 'scoring' | 'kernelsDirs'>,
): Promise<CaseSubject | CaseResult> {
  const choice = { technique: loaded.technique, params };
  const whyNot = [whyNotCached, whyNotDrafted, whyNoAdapters, whyNoDatastore, whyNotFewerExperts].map((why) =>
    why(problem, params),
  );
  const reason = whyNoneFits(choice, problem) ?? whyNot.find((why) => why !== undefined);
  if (reason !== undefined) return { status: 'skipped', reason };
  const model = loadModel(problem.file);
  const { hash, nonfinite } = lookThrough(model);
  const fewer = nonfinite === undefined ? await withChosenExperts(model, loaded.dense, problem, params) : model;
  const byLayer = problem.plan && choicesOf(problem.plan, await techniquesOf(problem.plan, kernelsDirs));
  const choices = [choice, ...(byLayer?.values() ?? [])];
  const needsCalibration = choices.some(({ technique, params: its }) => technique.needsCalibration?.(its) === true);
  const isWanted = (layer: Parameters<typeof isReplaced>[0]) => isReplaced(layer, problem.layers);
  const calibration =
    needsCalibration && nonfinite === undefined
      ? await modelCalibration(fewer, loaded.dense, problem.file, isWanted)
      : undefined;
  const windows = scoring === undefined || problem.scale > 1 ? undefined : windowsFor(problem, model, scoring);
  const inputs = modelInputs(problem, model);
  const drafter =
    problem.draft === undefined || params.drafted === undefined
      ? undefined
      : await drafterOf(problem.draft.path, model, problem, needsCalibration ? loaded.dense : undefined);
  const ofLayers = { ...choice, calibrationOf: calibration?.of, byLayer };
  const stored = params.datastore === undefined ? undefined : problem.file.datastore;
  const asked = { model: fewer, modelHash: hash, problem, ofLayers, dense: loaded.dense, kernelsDirs };
  const looksAtText = needsCalibration || stored !== undefined || params.experts === 'half';
  const datastore = stored === undefined ? undefined : await cachedDatastore(stored, asked);
  return {
    ...weighedModel(model, problem, ofLayers, loaded.dense, windows, { drafter, datastore, fewer }),
    inputs,
    inputHash: shortHash(
      ...[hash, drafter === undefined ? [] : lookThrough(drafter.weights).hash].flat(),
      ...[problem.file.text, looksAtText ? problem.file.calibration : [], stored ?? []]
        .flat()
        .map((path) => readText(path, 'text')),
    ),
    nonfinite,
    calibrationRows: calibration?.rows,
    forPage: modelForPage(model, calibration, inputs, windows),
  };
}

/** Texts that are written with drafts and without, and held against each other. */
const PROMPTS = 4;

async function drafterOf(
  path: string,
  model: Model,
  problem: ModelProblem,
  calibratedBy: Technique | undefined,
): Promise<Drafter> {
  const { M, context, file, layers } = problem;
  const weights = loadModel({ path });
  const tokens = firstTokens(readText(file.text, '--text'), model, PROMPTS * (context + M));
  const prompts = Array.from({ length: PROMPTS }, (_, i) => tokens.slice(i * (context + M)).slice(0, context));
  const calibration =
    calibratedBy && (await modelCalibration(weights, calibratedBy, file, (layer) => isReplaced(layer, layers)));
  return { weights, calibrationOf: calibration?.of, prompts: prompts.filter(({ length }) => length > 0) };
}

/** All that a plan names, by their ids. */
async function techniquesOf({ layers }: Plan, kernelsDirs: readonly string[]): Promise<Map<string, Technique>> {
  const ids = new Set(Object.values(layers).map(({ technique }) => technique));
  return new Map(await Promise.all([...ids].map(async (id) => [id, await loadTechnique(id, kernelsDirs)] as const)));
}

/** Reads each tensor once. */
function lookThrough(model: ModelWeights): { readonly hash: string; readonly nonfinite: string | undefined } {
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
