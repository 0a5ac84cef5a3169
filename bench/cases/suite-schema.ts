// What a suite of one's own must be, checked where it is loaded: a fault in it is named before anything runs.
import { z } from 'zod';
import type { LayerOp, ProblemOf } from '../contract/problem.ts';
import { type Block, type Compared, type Comparison, presetNames, type Suite } from '../contract/suite.ts';
import { axisValue, families, sentence, wrongExport } from './technique-schema.ts';

const size = z.number().int().positive();
const shared = { weights: z.string().min(1), seed: z.number().int() };

/** Of one layer: whole models are chosen by --model. */
const problems = {
  matmul: z.strictObject({ op: z.literal('matmul'), M: size, N: size, K: size, ...shared }),
  mlp: z.strictObject({ op: z.literal('mlp'), M: size, N: size, K: size, hidden: size, ...shared }),
  moe: z.strictObject({
    op: z.literal('moe'),
    M: size,
    K: size,
    hidden: size,
    experts: size,
    topK: size,
    ...shared,
  }),
  attention: z.strictObject({
    op: z.literal('attention'),
    M: size,
    seqLen: size,
    heads: size,
    headDim: size,
    causal: z.boolean(),
    ...shared,
  }),
} satisfies { [O in LayerOp]: z.ZodType<ProblemOf<O>> };
const problem = z.discriminatedUnion('op', [problems.matmul, problems.mlp, problems.moe, problems.attention], {
  error: `must have an op, one of ${Object.keys(problems).join(', ')}`,
});

const block = z.strictObject({
  presets: z.array(z.enum(presetNames)).min(1),
  problems: z.array(problem).min(1),
  families: z.array(z.enum(families)).min(1),
  techniques: z.array(z.string()).optional(),
  backends: z.array(z.string()).optional(),
  axes: z.record(z.string(), z.array(axisValue).min(1)).optional(),
  cover: z.literal('pairs').optional(),
} satisfies { [Field in keyof Block]-?: z.ZodType });

const compared = z.strictObject({
  is: z.string().min(1),
  filter: z.string().min(1),
  recipe: z.string().optional(),
} satisfies { [Field in keyof Compared]-?: z.ZodType });
const comparison = z.strictObject({
  road: z.string().min(1),
  cases: compared,
  control: compared,
  by: z.enum(['perplexity', 'speed']),
  hasOwnText: z.literal(true).optional(),
} satisfies { [Field in keyof Comparison]-?: z.ZodType });

const SuiteShape = z.strictObject({
  summary: sentence,
  onlyWhenNamed: z.union([z.literal(true), z.array(z.enum(presetNames))]).optional(),
  takesNamedBackends: z.literal(true).optional(),
  blocks: z.array(block).min(1),
  comparisons: z.array(comparison).optional(),
  reference: z.string().optional(),
} satisfies { [Field in keyof Suite]-?: z.ZodType });

/** The suite that a module exports. Throws InputError that names the field at fault. */
export function checkSuite(exported: unknown, file: string): Suite {
  const parsed = SuiteShape.safeParse(exported);
  if (parsed.success) return exported as Suite;
  throw wrongExport(file, parsed.error, 'defineSuite', 'docs/suites.md');
}
