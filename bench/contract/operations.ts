import type { Operation } from './operation.ts';
import { attention } from './operations/attention.ts';
import { classify } from './operations/classify.ts';
import { matmul } from './operations/matmul.ts';
import { mlp } from './operations/mlp.ts';
import { model } from './operations/model.ts';
import { moe } from './operations/moe.ts';
import type { Op } from './problem.ts';
import type { Axes } from './technique.ts';

const operations: { readonly [O in Op]: Operation<O> } = { matmul, mlp, moe, attention, model, classify };

/** What operations leave to choose, whatever the technique. */
export const operationChoices: Axes = Object.assign({}, ...Object.values(operations).map(({ choices }) => choices));

/** The operation with its own types forgotten, as the harness handles every problem alike. */
export function operationOf(op: Op): Operation<Op> {
  return operations[op] as Operation<Op>;
}
