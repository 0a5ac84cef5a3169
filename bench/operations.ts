import type { Operation } from './operation.ts';
import type { Op } from './problem.ts';
import { attention } from './problems/attention.ts';
import { matmul } from './problems/matmul.ts';

const operations: { readonly [O in Op]: Operation<O> } = { matmul, attention };

/** The operation with its own types forgotten, as the harness handles every problem alike. */
export function operationOf(op: Op): Operation<Op> {
  return operations[op] as Operation<Op>;
}
