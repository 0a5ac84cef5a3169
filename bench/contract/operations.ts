import type { Operation } from './operation.ts';
import { attention } from './operations/attention.ts';
import { classify } from './operations/classify.ts';
import { matmul } from './operations/matmul.ts';
import { model } from './operations/model.ts';
import type { Op } from './problem.ts';

const operations: { readonly [O in Op]: Operation<O> } = { matmul, attention, model, classify };

/** The operation with its own types forgotten, as the harness handles every problem alike. */
export function operationOf(op: Op): Operation<Op> {
  return operations[op] as Operation<Op>;
}
