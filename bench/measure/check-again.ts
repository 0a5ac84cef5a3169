// After timing: did the timed runs leave the right output, and does the kernel really compute?
import type { Case } from '../contract/case.ts';
import type { Inputs } from '../contract/operation.ts';
import { operationOf } from '../contract/operations.ts';
import type { Op } from '../contract/problem.ts';
import type { Params } from '../contract/technique.ts';
import { checkOutput } from './check.ts';
import { type Instance, referenceFor, runOnce } from './instance.ts';

/** Rows compared on fresh activations: enough to tell a stale output, few enough to cost nothing. */
const FRESH_ROWS = 8;

/**
 * What is wrong, in words; undefined where nothing is. The last output must be right, where it is of activations that are
 * checked, and the same to the bit as the `first` one where that is given; then fresh activations must give an output of their own.
 */
export async function checkAgain(
  instance: Instance,
  params: Params,
  { problem }: Pick<Case, 'problem'>,
  { activations, checked }: Inputs<Op>,
  first: Float32Array | undefined,
): Promise<string | undefined> {
  const timed = await instance.kernel.readOutput();
  const wrong = checked === undefined ? checkOutput(timed, instance.reference).failure : undefined;
  if (wrong !== undefined) return `after timing, ${wrong}`;
  if (first?.some((value, i) => !Object.is(value, timed[i])))
    return 'after timing, output: must repeat, got other values';
  const fresh = operationOf(problem.op).freshActivations(checked ?? activations);
  const failure = await checkFresh(instance, params, problem, fresh);
  return failure && `with fresh activations, ${failure}`;
}

async function checkFresh(
  instance: Instance,
  params: Params,
  problem: Case['problem'],
  fresh: Inputs<Op>['activations'],
): Promise<string | undefined> {
  const { technique, kernel } = instance;
  const { rows, columns } = operationOf(problem.op).outputShape(problem);
  const step = Math.max(1, Math.floor(rows / FRESH_ROWS));
  const chosen = Array.from({ length: Math.ceil(rows / step) }, (_, i) => i * step);
  await kernel.upload(fresh);
  const output = await runOnce(kernel);
  const picked = new Float32Array(chosen.length * columns);
  chosen.forEach((row, i) => {
    picked.set(output.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  return checkOutput(picked, referenceFor(kernel, technique, params, problem, instance, fresh, chosen)).failure;
}
