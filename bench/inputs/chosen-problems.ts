// What the user has measured in place of the suites' own matrix products: other weights, other sizes.
import { InputError } from '../contract/input-error.ts';
import type { Problem } from '../contract/problem.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { isOfModels, type ModelChoice, modelChoice } from './chosen-model.ts';
import { syntheticMatmul } from './model-problems.ts';
import { USE_LITE_TOKENS } from './use-lite/use-lite-matrices.ts';
import { openWeightFile } from './weight-file-problems.ts';

export interface ChosenProblems {
  /** What a suite's problem turns into. Other operations than products have no place for such weights and sizes. */
  readonly problems: (problem: Problem) => Problem[];
  /** What was asked for and is not among them, and why. */
  readonly notes: readonly string[];
}

/** Undefined where nothing was chosen. */
export function chosenProblems(
  asked: Pick<RunArguments, 'weights' | 'm' | 'shape'> & ModelChoice,
): ChosenProblems | undefined {
  const layers = chosenLayers(asked);
  if (!isOfModels(asked) && (asked.text ?? asked.calibration) === undefined) return layers;
  const other = (['weights', 'shape'] as const).find((flag) => asked[flag] !== undefined);
  if (asked.model !== undefined && other !== undefined) {
    throw new InputError(`--model: must stand without --${other}: it has weights and sizes of its own`);
  }
  const ofModels = modelChoice(asked);
  if (asked.model !== undefined) {
    const rowsOf = ({ M }: Problem) => asked.m ?? [M];
    const ofLayers = (problem: Problem) => rowsOf(problem).flatMap((M) => ofModels({ ...problem, M }));
    return { problems: (problem) => (problem.op === 'matmul' ? ofLayers : ofModels)(problem), notes: [] };
  }
  const problems = (problem: Problem) =>
    problem.op === 'model' || layers === undefined
      ? ofModels(problem)
      : layers.problems(problem).flatMap((one) => ofModels(one));
  return { problems, notes: layers?.notes ?? [] };
}

function chosenLayers({
  weights,
  m,
  shape,
}: Pick<RunArguments, 'weights' | 'm' | 'shape'>): ChosenProblems | undefined {
  if (shape !== undefined && (weights ?? m) !== undefined) {
    const other = weights === undefined ? 'm' : 'weights';
    throw new InputError(`--shape: must stand without --${other}: it has sizes of its own`);
  }
  if (shape !== undefined) {
    const products = shape.map(({ M, N, K }) => syntheticMatmul(M, N, K));
    return { problems: onlyProducts(() => products), notes: [] };
  }
  const file = weights === undefined ? undefined : openWeightFile(weights);
  if (m === undefined) return file;
  const withOwnRows = (product: Problem) => m.map((M) => withRows(product, M));
  const problems = onlyProducts((problem) => (file?.problems(problem) ?? [problem]).flatMap(withOwnRows));
  return { problems, notes: file?.notes ?? [] };
}

function onlyProducts(replace: ChosenProblems['problems']): ChosenProblems['problems'] {
  return (problem) => (problem.op === 'matmul' ? replace(problem) : []);
}

/** Activations of the bundled encoder are those of its sentences, which end somewhere; others are drawn, as many as wanted. */
function withRows(problem: Problem, M: number): Problem {
  if (problem.weights.startsWith('use-lite/') && M > USE_LITE_TOKENS) {
    throw new InputError(
      `--m: must be at most ${USE_LITE_TOKENS} for ${problem.weights}, got ${M}; --shape takes any size`,
    );
  }
  return { ...problem, M };
}
