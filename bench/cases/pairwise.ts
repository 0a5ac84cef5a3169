// Fewer cases than all combinations of technique, problem and backend, and yet every two of them together.
import { backends } from '../backends/backend.ts';
import { operationOf } from '../contract/operations.ts';
import type { Problem } from '../contract/problem.ts';
import { spell } from '../contract/problem-key.ts';
import type { Params } from '../contract/technique.ts';

export interface Combination {
  readonly technique: string;
  readonly params: Params;
  readonly backend: string;
  readonly problem: Problem;
  /** Place of the problem in its block, and how many are there. */
  readonly index: number;
  readonly problems: number;
}

const usual = backends.filter(({ onlyWhenNamed }) => !onlyWhenNamed).map(({ id }) => id);
const all = backends.map(({ id }) => id);

/**
 * Whether a combination is one of those that cover all pairs. The baseline is, at every problem on every backend. Any other
 * technique, with each choice of its parameters, goes along a diagonal: from one problem to the next it moves on by one
 * backend, from a start of its own. So it meets every problem once and every backend as often as there are problems for.
 *
 * What is chosen depends on the technique and on the lists of problems and backends, not on which other techniques there
 * are nor on what was selected on the command line: a new technique leaves the cases of the others as they are.
 */
export function coversPairs({ technique, params, backend, problem, index, problems }: Combination): boolean {
  if (technique === operationOf(problem.op).baseline) return true;
  const steps = Math.min(usual.length, problems);
  const at = usual.includes(backend) ? usual.indexOf(backend) : all.indexOf(backend);
  return (index + at + fnv1a(`${technique} ${spell(params)}`)) % steps === 0;
}

/** 32 bits that differ for names that differ little (Fowler, Noll and Vo; http://www.isthe.com/chongo/tech/comp/fnv/). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
