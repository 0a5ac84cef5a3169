import { DEFAULT_SEED } from './case.ts';
import { operationOf } from './operations.ts';
import type { Problem } from './problem.ts';

/** The problem's part of a case id: equal for cases that compute the same thing. */
export function problemKey(problem: Problem): string {
  const identity = operationOf(problem.op).identity(problem);
  return spell(problem.seed === DEFAULT_SEED ? identity : { ...identity, seed: problem.seed });
}

export function spell(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
