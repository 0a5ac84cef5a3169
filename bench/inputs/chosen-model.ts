// What the user has of models measured in place of the suites' own: another model and text, other layers, a longer context.
import { basename, resolve } from 'node:path';
import { InputError } from '../contract/input-error.ts';
import { linearLayers, type Model } from '../contract/model.ts';
import type { MatmulProblem, ModelFiles, ModelProblem, Problem } from '../contract/problem.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { mobyFiles } from './moby.ts';
import { openAdapters } from './model-files/adapters.ts';
import { openModel } from './model-files/open-model.ts';
import { readText, sharedStretch } from './model-text.ts';
import { readPlan } from './read-plan.ts';
import { windowsOf, windowTokens } from './text-windows.ts';
import { spellName } from './weight-file-problems.ts';

export type ModelChoice = Pick<
  RunArguments,
  'model' | 'text' | 'calibration' | 'layers' | 'scale' | 'context' | 'adapters' | 'datastore' | 'draft' | 'plan'
>;

/** Whether the choice speaks of models at all. */
export function isOfModels({ model, layers, scale, context, adapters, datastore, draft, plan }: ModelChoice): boolean {
  return (model ?? layers ?? scale ?? context ?? adapters ?? datastore ?? draft ?? plan) !== undefined;
}

/**
 * What a suite's problem turns into. With a model of the user's, products are those of its layers, and what has no place for a
 * model's weights is left out. Throws InputError on what is no model, and on texts that nothing can be scored on.
 */
export function modelChoice(choice: ModelChoice): (problem: Problem) => Problem[] {
  const { model: path, text, calibration, layers, scale, context, adapters, datastore, draft, plan } = choice;
  if (path === undefined && (text ?? calibration) !== undefined) {
    throw new InputError(`--${text === undefined ? 'calibration' : 'text'}: must go with --model, got none`);
  }
  const own = path === undefined ? undefined : openOwn(path, choice);
  return (problem) => {
    if (problem.op === 'model') {
      const itself = own === undefined ? problem : ofModel(problem, own);
      const sized = {
        ...withDraft(withDatastore(withAdapters(atContext(itself, context), adapters), datastore), draft),
        scale: scale ?? problem.scale,
      };
      if (plan !== undefined)
        return [
          {
            ...sized,
            layers: 'all+head',
            plan: { ...readPlan(plan, sized.config), name: spellName(basename(plan, '.json')) },
          },
        ];
      return (layers ?? [problem.layers]).map((parts) => ({ ...sized, layers: parts }));
    }
    if (plan !== undefined) return [];
    if (own === undefined) return [problem];
    return problem.op === 'matmul' ? layersOf(own, problem) : [];
  };
}

export interface OwnModel extends Model {
  readonly file: ModelFiles;
}

export function openOwn(path: string, { text, calibration }: ModelChoice): OwnModel {
  const model = openModel(path);
  const file = {
    path: resolve(path),
    text: text ?? mobyFiles.text,
    calibration: calibration ?? mobyFiles.calibration,
  };
  const scored = readText(file.text, '--text');
  const shared = sharedStretch(readText(file.calibration, '--calibration'), scored);
  if (shared !== undefined) {
    const start = JSON.stringify(shared.slice(0, 40));
    throw new InputError(
      `--calibration: must have no stretch in common with the text that is scored, got ${start}… in both; give another file`,
    );
  }
  windowsOf(scored, model.tokenizer, windowTokens(model.config), Number.POSITIVE_INFINITY, '--text');
  return { ...model, file };
}

/** The suite's phase and sizes, as far as the model goes. */
function ofModel(problem: ModelProblem, { name, config, file }: OwnModel): ModelProblem {
  const { M, context } = problem;
  return {
    ...problem,
    M: Math.min(M, config.contextLength),
    context: Math.min(context, config.contextLength - 1),
    weights: spellName(name),
    config,
    file,
  };
}

function atContext(problem: ModelProblem, context: number | undefined): ModelProblem {
  const { phase, config, weights } = problem;
  if (context === undefined || phase === 'prefill') return problem;
  const most = config.contextLength - problem.M;
  if (context > most) {
    throw new InputError(`--context: must be at most ${most}, which is as far as ${weights} goes, got ${context}`);
  }
  return { ...problem, context };
}

/** Adapters fit the weights as they were trained, not those with planted outliers. */
function withAdapters(problem: ModelProblem, path: string | undefined): ModelProblem {
  if (path === undefined || problem.file.hasPlantedOutliers) return problem;
  openAdapters(path, problem.config);
  return { ...problem, file: { ...problem.file, adapters: { name: spellName(basename(path)), path: resolve(path) } } };
}

/** A text that is looked up, of which nothing may be in the text that is scored or in the one that decides how much it counts. */
function withDatastore(problem: ModelProblem, path: string | undefined): ModelProblem {
  if (path === undefined) return problem;
  const { text, calibration } = problem.file;
  const stored = readText(path, '--datastore');
  if (stored.trim() === '') throw new InputError(`--datastore: must have tokens, got an empty text in ${path}`);
  for (const [other, flag] of [
    [text, '--text'],
    [calibration, '--calibration'],
  ]) {
    const shared = sharedStretch(readText(other, flag), stored);
    if (shared !== undefined)
      throw new InputError(
        `--datastore: must have no stretch in common with the text of ${flag}, got ${JSON.stringify(shared.slice(0, 40))}… in both; give another file`,
      );
  }
  return { ...problem, file: { ...problem.file, datastore: path } };
}

/** Letters by which two tokenizers are told apart. */
const COMPARED_LETTERS = 20_000;

/** Of a text that is generated alone. */
function withDraft(problem: ModelProblem, path: string | undefined): ModelProblem {
  const { phase, M, context, file, weights } = problem;
  if (path === undefined || phase !== 'generate') return problem;
  const [model, draft] = [openModel(file.path), openModel(path)];
  const text = readText(file.text, '--text').slice(0, COMPARED_LETTERS);
  const [tokens, drafted] = [model, draft].map(({ tokenizer }) => tokenizer.encode(text));
  const isSame =
    model.config.vocabularySize === draft.config.vocabularySize &&
    tokens.length === drafted.length &&
    tokens.every((token, i) => token === drafted[i]);
  if (!isSame)
    throw new InputError(`--draft: must have the tokens of ${weights}, got those of another tokenizer in ${path}`);
  if (context + M > draft.config.contextLength) {
    throw new InputError(
      `--draft: must take ${context + M} tokens, got ${draft.config.contextLength} at most in ${path}; a smaller --context needs fewer`,
    );
  }
  return { ...problem, draft: { name: spellName(draft.name), path: resolve(path) } };
}

/** With as many rows as the suite has, which must be tokens of one text. */
function layersOf({ name, config, file }: OwnModel, { M, seed }: MatmulProblem): MatmulProblem[] {
  if (M > config.contextLength) {
    throw new InputError(
      `--model: must take as many tokens as a product has rows, ${M}, got ${config.contextLength} of ${name}; --m sets them`,
    );
  }
  return linearLayers(config).map(({ name: layer, N, K }) => {
    return { op: 'matmul', M, N, K, weights: `${spellName(name)}/${layer}`, seed, model: { file, layer } };
  });
}
